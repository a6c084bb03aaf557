import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { request, createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openLocalAuthority } from "./local-authority.ts";

let directory: string;
const files = () => ({ certificate: join(directory, "ca", "ca.pem"), key: join(directory, "ca", "ca.key") });

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "labyard-authority-"));
});
after(() => rm(directory, { recursive: true }));

test("an authority is made once and opened again", async () => {
  const first = await openLocalAuthority(files());
  const second = await openLocalAuthority(files());
  assert.equal(second.certificatePem, first.certificatePem);
  assert.equal((await stat(files().key)).mode & 0o777, 0o600);
  assert.equal(new X509Certificate(first.certificatePem).ca, true);
});

test("an authority asked for twice at once is made once", async () => {
  const twins = { certificate: join(directory, "twins", "ca.pem"), key: join(directory, "twins", "ca.key") };
  const authorities = await Promise.all([openLocalAuthority(twins), openLocalAuthority(twins)]);
  assert.equal(authorities[0].certificatePem, authorities[1].certificatePem);
  const { certificatePem } = await authorities[1].issue({ dnsNames: ["a.example"] });
  const issuer = new X509Certificate(authorities[0].certificatePem);
  assert.ok(new X509Certificate(certificatePem).verify(issuer.publicKey));
});

test("TLS works with a certificate it issued, for its names only", async () => {
  const authority = await openLocalAuthority(files());
  const issued = await authority.issue({ dnsNames: ["*.labs.example"], ipAddresses: ["127.0.0.1"] });
  const server = createServer({ key: issued.privateKeyPem, cert: issued.certificatePem }, (_request, response) =>
    response.end("ok"),
  );
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const get = (servername: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      request(
        { host: "127.0.0.1", port, servername, ca: authority.certificatePem, headers: { host: servername } },
        response => {
          response.resume();
          resolve(response.statusCode);
        },
      )
        .on("error", reject)
        .end();
    });
  try {
    assert.equal(await get("one.labs.example"), 200);
    await assert.rejects(get("elsewhere.example"), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
