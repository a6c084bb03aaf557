import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Problem, ProblemCode } from "../../src/api/problems.ts";
import { run } from "../../src/host/process.ts";
import { imageHome } from "../fixtures/image-home.ts";
import { bootableMembers, buildImage } from "../fixtures/oci-image.ts";
import { type Script, startScriptedRegistry } from "../fixtures/scripted-registry.ts";

/** The numbers in the names are those of the correctness checklist. */

const image = buildImage([[...bootableMembers(), { name: "etc/motd", content: "hello\n" }]]);
const layer = image.layers[0] as (typeof image.layers)[number];
/** A name that nothing can look up: whoever reaches it went through a proxy. */
const farHost = "registry.test";

let directory: string;
let tls: { key: Buffer; cert: Buffer };
const pem = (name: string) => join(directory, name);
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "labyard-certificates-"));
  const make = (name: string, more: string[]) =>
    run([
      ...["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-keyout", pem(`${name}.key`), "-out", pem(`${name}.crt`), "-days", "2", "-subj", `/CN=${name}`, ...more],
    ]);
  await make("server", ["-addext", `subjectAltName=IP:::ffff:127.0.0.1,DNS:${farHost}`]);
  await make("client", []);
  tls = { key: await readFile(pem("server.key")), cert: await readFile(pem("server.crt")) };
});
after(() => rm(directory, { recursive: true, force: true }));

async function failsWith(work: Promise<unknown>, code: ProblemCode, message: RegExp): Promise<void> {
  await assert.rejects(work, (error: Problem) => {
    assert.equal(error.code, code, error.stack);
    assert.match(error.message, message);
    return true;
  });
}

/** The same port in a spelling that is not taken for this very host, so TLS is spoken; as its owner would configure it. */
function tlsName({ host }: { host: string }): string {
  return new URL(`https://[::ffff:127.0.0.1]:${host.split(":")[1]}`).host;
}

describe("36: redirects", () => {
  test("301, 302, 303, 307 and 308 are followed, and credentials stay at home", async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      await using storage = await startScriptedRegistry(image);
      const redirect: Script = ({ incoming, response, url }) => {
        if (incoming.headers.authorization !== `Basic ${Buffer.from("me:pw").toString("base64")}`) {
          response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
          return true;
        }
        if (!url.pathname.includes(layer.digest)) return false;
        response.writeHead(status, { location: `http://${storage.host}${url.pathname}` }).end();
        return true;
      };
      await using registry = await startScriptedRegistry(image, redirect);
      await using home = await imageHome();
      const { registries } = home.options(`${registry.host}/lab/root:v1`);
      const loggedIn = { ...registries, credentialsFor: async () => ({ username: "me", password: "pw" }) };
      const digest = await home.pull(`${registry.host}/lab/root:v1`, { registries: loggedIn });
      assert.equal(digest, image.manifestDigest, String(status));
      assert.deepEqual(
        storage.requests.map(({ method, headers }) => [method, headers.authorization]),
        [["GET", undefined]],
      );
    }
  });

  test("from https to http are refused, even to a host that may be asked without TLS", async () => {
    await using storage = await startScriptedRegistry(image);
    const redirect: Script = ({ response, url }) => {
      if (!url.pathname.includes(layer.digest)) return false;
      response.writeHead(307, { location: `http://${storage.host}${url.pathname}` }).end();
      return true;
    };
    await using registry = await startScriptedRegistry(image, redirect, tls);
    const host = tlsName(registry);
    await using home = await imageHome({ registries: { [host]: { ca: pem("server.crt") } } });
    const message = /redirects to http:\/\/127\.0\.0\.1:\d+, which is not allowed/;
    await failsWith(home.pull(`${host}/lab/root:v1`), "image/registry-failed", message);
    assert.equal(storage.requests.length, 0);
  });
});

describe("40: TLS", () => {
  test("a private authority has to be named, and plain http needs permission", async () => {
    await using registry = await startScriptedRegistry(image, undefined, tls);
    const host = tlsName(registry);
    await using stranger = await imageHome();
    await failsWith(stranger.pull(`${host}/lab/root:v1`), "image/registry-unreachable", /self-signed certificate/);
    await using friend = await imageHome({ registries: { [host]: { ca: pem("server.crt") } } });
    assert.equal(await friend.pull(`${host}/lab/root:v1`), image.manifestDigest);

    await using plain = await startScriptedRegistry(image);
    const plainHost = tlsName(plain);
    await failsWith(stranger.pull(`${plainHost}/lab/root:v1`), "image/registry-unreachable", /SSL|wrong version/i);
    assert.equal(plain.requests.length, 0);
    await using insecure = await imageHome({ registries: { [plainHost]: { plainHttp: true } } });
    assert.equal(await insecure.pull(`${plainHost}/lab/root:v1`), image.manifestDigest);
  });

  test("a client certificate is shown to the registry it is meant for", async () => {
    const wantsCertificate = { ...tls, ca: await readFile(pem("client.crt")), requestCert: true };
    await using registry = await startScriptedRegistry(image, undefined, wantsCertificate);
    await using other = await startScriptedRegistry(image, undefined, { ...wantsCertificate });
    const [host, otherHost] = [tlsName(registry), tlsName(other)];
    const ca = pem("server.crt");
    const registries = {
      [host]: { ca, clientCertificate: pem("client.crt"), clientKey: pem("client.key") },
      [otherHost]: { ca },
    };
    await using home = await imageHome({ registries });
    assert.equal(await home.pull(`${host}/lab/root:v1`), image.manifestDigest);
    await failsWith(
      home.pull(`${otherHost}/lab/other:v1`),
      "image/registry-unreachable",
      /certificate|alert|ECONNRESET/i,
    );
    assert.equal(other.requests.length, 0);
    const missing = { [host]: { ca, clientCertificate: pem("gone.crt"), clientKey: pem("client.key") } };
    await using broken = await imageHome({ registries: missing });
    await failsWith(broken.pull(`${host}/lab/root:v1`), "server/config-invalid", /gone\.crt.*cannot be read/);
  });
});

describe("40: proxies", () => {
  test("HTTP_PROXY is used for plain registries, and NO_PROXY names those that it is not for", async () => {
    // What is sent to a proxy for http is an ordinary request with a whole address in it.
    await using proxy = await startScriptedRegistry(image);
    const env = { HTTP_PROXY: `http://${proxy.host}`, NO_PROXY: "127.0.0.1" };
    const far = `${farHost}:5000`;
    await using home = await imageHome({ registries: { [far]: { plainHttp: true } } }, env);
    assert.equal(await home.pull(`${far}/lab/root:v1`), image.manifestDigest);
    assert.ok(proxy.requests.length > 0);
    assert.ok(proxy.requests.every(({ path }) => path.startsWith(`http://${far}/v2/lab/root/`)));
    proxy.requests.length = 0;

    await using near = await startScriptedRegistry(image);
    await using other = await imageHome({}, env);
    assert.equal(await other.pull(`${near.host}/lab/root:v1`), image.manifestDigest);
    assert.ok(near.requests.length > 0);
    assert.equal(proxy.requests.length, 0);
    await using without = await imageHome({}, { HTTP_PROXY: env.HTTP_PROXY });
    near.requests.length = 0;
    await without.pull(`${near.host}/lab/root:v1`);
    assert.equal(near.requests.length, 0);
    assert.ok(proxy.requests.length > 0);
  });

  test("HTTPS_PROXY is tunnelled through: it sees the name and no more", async () => {
    await using registry = await startScriptedRegistry(image, undefined, tls);
    const far = `${farHost}:5000`;
    const asked: string[] = [];
    const sockets = new Set<Socket>();
    const proxy = createServer((_, response) => response.writeHead(405).end());
    proxy.on("connect", ({ url }, client: Socket) => {
      asked.push(url ?? "");
      const upstream = connect(Number(registry.host.split(":")[1]), "127.0.0.1", () => {
        client.write("HTTP/1.1 200 OK\r\n\r\n");
        client.pipe(upstream).pipe(client);
      });
      for (const socket of [client, upstream]) {
        sockets.add(socket);
        socket.on("error", () => [client, upstream].forEach(end => end.destroy()));
      }
    });
    await new Promise<void>(resolve => proxy.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = proxy.address() as { port: number };
      const env = { HTTPS_PROXY: `http://127.0.0.1:${port}` };
      await using home = await imageHome({ registries: { [far]: { ca: pem("server.crt") } } }, env);
      assert.equal(await home.pull(`${far}/lab/root:v1`), image.manifestDigest);
      assert.deepEqual([...new Set(asked)], [far]);
      assert.ok(registry.requests.every(({ headers }) => headers.host === far));
    } finally {
      for (const socket of sockets) socket.destroy();
      proxy.closeAllConnections();
      await new Promise(resolve => proxy.close(resolve));
    }
  });
});
