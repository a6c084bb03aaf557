import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Child, run, startChild } from "../../src/host/process.ts";
import { guideBlock } from "../fixtures/guide-block.ts";
import type { HttpsReply } from "../fixtures/https-get.ts";
import { patient } from "../fixtures/patience.ts";
import { startTestServer } from "../fixtures/test-server.ts";

// A certificate that a proxy fetches by itself, from an ACME server that looks whether the name leads to who asks. Both
// stand in a network namespace of their own, where the ports 80 and 443 and all names are theirs.

const app = "labs.example.com";
const authority = "acme.example.com:4443";
const caddy = "/usr/bin/caddy";
const skip = existsSync(caddy) ? false : `no ${caddy}: install the packages of scripts/test-packages.txt`;

test("Caddy fetches a certificate for the guide's configuration", { skip, timeout: patient(180_000) }, async () => {
  const directory = await mkdtemp(join(tmpdir(), "labyard-acme-"));
  const inside = (path: string) => join(directory, path);
  await using server = await startTestServer(`listen: {port: 0, tls: false}\npublicUrl: https://${app}`);
  await server.app.listen({ path: inside("server.sock") });
  const children: Child[] = [];
  const caddyIn = async (namespace: string[], name: string, config: string): Promise<Child> => {
    const file = inside(`${name}.caddyfile`);
    await writeFile(file, config);
    const env = { ...process.env, HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory };
    const child = await startChild([...namespace, caddy, "run", "--config", file, "--adapter", "caddyfile"], { env });
    children.push(child);
    return child;
  };
  try {
    await writeFile(inside("hosts"), `127.0.0.1 localhost ${app} ${authority.split(":")[0]}\n`);
    const enter = `ip link set lo up && mount --bind ${inside("hosts")} /etc/hosts && exec "$@"`;
    const { pid } = await caddyIn(
      ["unshare", "--map-root-user", "--net", "--mount", "sh", "-c", enter, "sh"],
      "authority",
      `{\nadmin off\nauto_https disable_redirects\nskip_install_trust\nstorage file_system ${inside("authority")}\n}\n` +
        `https://${authority} {\ntls internal\nacme_server\n}\n`,
    );
    const namespace = ["nsenter", `--target=${pid}`, "--user", "--net", "--mount", "--preserve-credentials", "--"];
    const root = inside("authority/pki/authorities/local/root.crt");
    const get = async (url: string) => {
      const client = join(import.meta.dirname, "../fixtures/https-get.ts");
      const { stdout, stderr, exitCode } = await run([...namespace, process.execPath, client, url, root], {
        allowFailure: true,
        timeoutMs: patient(120_000),
      });
      const told = children.map(child => child.stderrTail().slice(-2000)).join("\n");
      assert.equal(exitCode, 0, `${stderr}\n${told}`);
      return JSON.parse(stdout) as HttpsReply;
    };
    assert.equal((await get(`https://${authority}/acme/local/directory`)).status, 200);

    // Without the wildcard, which no proxy gets by answering for itself.
    const config = (await guideBlock("tls.md", "caddyfile"))
      .replace(`${app}, *.labs-ports.example.net`, app)
      .replace(/^ *tls .*\n/m, "")
      .replace("127.0.0.1:8765", `unix/${inside("server.sock")}`)
      .replace(
        "{\n",
        `{\nadmin off\nstorage file_system ${inside("proxy")}\n` +
          `acme_ca https://${authority}/acme/local/directory\nacme_ca_root ${root}\n`,
      );
    assert.doesNotMatch(config, /tls|8765|\*/);
    await caddyIn(namespace, "proxy", config);
    const reply = await get(`https://${app}/api/health`);
    assert.equal(reply.status, 200, reply.body);
    assert.equal(JSON.parse(reply.body).status, "ok");
    assert.deepEqual([reply.issuer, reply.names], ["Caddy Local Authority - ECC Intermediate", `DNS:${app}`]);
  } finally {
    await Promise.all(children.map(child => child.stop()));
    await rm(directory, { recursive: true });
  }
});
