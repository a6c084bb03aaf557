import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { patient } from "../fixtures/patience.ts";
import { type RealServer, startServer } from "../fixtures/server.ts";

/** A document with every field an author can write. */
const everything = `kind: playground
name: everything
base: flexbox
title: Everything at once
description: All fields
categories: [networking, linux]
markdown: |
  # Title

      code
playground:
  networks:
    - {name: front, subnet: 10.0.1.0/24}
    - {name: back, subnet: 10.0.2.0/24, gateway: 10.0.2.254, private: true}
  machines:
    - name: web-01
      backend: qemu
      kernel: {source: 6.1}
      users: [{name: root, welcome: '-'}, {name: laborant, default: true, welcome: "Hello\\nthere\\n"}]
      drives:
        - {source: debian-12, mount: /, size: 20480MiB, filesystem: ext4}
        - {mount: /mnt/data, size: 1.5GiB, filesystem: xfs, readOnly: true}
        - {size: 2GB, persistent: true}
      network: {interfaces: [{network: front, address: 10.0.1.10/24}, {network: back}]}
      resources: {cpuCount: "2", ramSize: 2048MiB}
      startupFiles: [{path: /etc/x, content: yes, mode: 0600, owner: root, append: on}]
    - name: db-01
      noSSH: yes
      users: [{name: root}]
      drives: [{source: 'oci://registry.example/db:v1', mount: /}]
      network: {interfaces: [{network: back, address: 10.0.2.20}]}
  tabs:
    - machine: web-01
    - {kind: ide, id: editor, name: Editor, pane: right}
    - {kind: http-port, name: App, machine: db-01, number: 80, access: public, tls: true, hostRewrite: a.b, pathRewrite: /x}
    - {kind: web-page, name: Docs, url: 'https://example.com'}
    - {kind: kexp}
  initTasks:
    b: {machine: db-01, init: true, needs: a, run: echo b, conditions: [{key: a b, value: no}]}
    a: {machine: web-01, init: true, user: laborant, timeoutSeconds: 300, run: "echo a\\n"}
  initConditions:
    values:
      - {key: a b, default: yes, nullable: true, options: [yes, no, 1.30], placeholder: "~"}
      - {key: repo, validationRegex: "^https://.*$"}
  registryAuth: someone:pa:ss
  portForwards:
    - {kind: local, machine: web-01, localhost: 127.0.0.1, localport: 8080, remotehost: h, remoteport: 80}
    - {kind: remote, machine: web-01, localPort: 3000, remotePort: 9000}
  accessControl: {canList: [owner], canRead: [owner, anyone], canStart: ['github:some-one']}
`;

describe("manifest → update → manifest, through command line and server", { timeout: patient(300_000) }, () => {
  let server: RealServer;
  before(async () => {
    server = await startServer({ bare: true });
  });
  after(() => server?.[Symbol.asyncDispose]());

  const labyard = async (...args: string[]) => (await server.cli(["playground", ...args])).stdout;

  async function assertRoundTrip(name: string): Promise<string> {
    const first = await labyard("manifest", name);
    const file = join(server.paths.home, `${name}.yaml`);
    await writeFile(file, first);
    assert.equal((await labyard("update", name, "-f", file, "-q")).trim(), name);
    assert.equal(await labyard("manifest", name), first);
    // The page of the playground shows the very same text.
    assert.equal((await server.client.getManifest(name)).manifest, first);
    return first;
  }

  // The other bases take the same way without a program each time, in the unit tests of the manifest.
  test("built-in bases, cloned", async () => {
    const bases = (await labyard("catalog", "-q", "-f", "base")).trim().split("\n");
    assert.deepEqual(bases, ["alpine", "debian", "debian-12", "docker", "flexbox", "k3s", "ubuntu-24-04"]);
    for (const base of ["flexbox", "k3s"]) {
      const created = await server.cli(["playground", "create", "copy", "--base", base, "-q"]);
      assert.match(created.stderr, /the copy has the access lists of ".*": canList, canRead, canStart name everybody/);
      const name = created.stdout.trim();
      const dumped = await assertRoundTrip(name);
      // Only name and base tell it from the original.
      const original = (await server.client.getManifest(base)).manifest;
      assert.equal(dumped.replace(`name: ${name}\nbase: ${base}\n`, `name: ${base}\n`), original);
    }
  });

  test("a document that uses every field, and the files of a directory", async () => {
    const file = join(server.paths.home, "everything.yaml");
    await writeFile(file, everything);
    const name = (await labyard("create", "everything", "-f", file, "-q")).trim();
    const dumped = await assertRoundTrip(name);
    for (const line of ["size: 20GiB", "size: 1536MiB", 'mode: "600"', "timeout_seconds: 300", "remoteHost: h"]) {
      assert.ok(dumped.includes(line), `${line} in:\n${dumped}`);
    }
    assert.deepEqual(await server.client.listContentFiles(name), []);

    const directory = join(server.paths.home, "lab");
    await mkdir(join(directory, "__static__", ".cache"), { recursive: true });
    await writeFile(join(directory, "manifest.yaml"), dumped);
    await writeFile(join(directory, "__static__", "a.png"), "one");
    await writeFile(join(directory, "__static__", ".cache", "b"), "hidden");
    await writeFile(join(directory, "notes.md"), "two");
    const pushed = await server.cli(["playground", "update", name, "--dir", directory, "-q"]);
    assert.deepEqual(pushed.stderr.trim().split("\n").sort(), ["Uploaded __static__/a.png", "Uploaded notes.md"]);
    await rm(join(directory, "notes.md"));
    await writeFile(join(directory, "__static__", "c.png"), "three");
    const forced = await server.cli(["playground", "update", name, "--dir", directory, "-q", "--force"]);
    assert.deepEqual(forced.stderr.trim().split("\n"), ["Uploaded __static__/c.png", "Removed notes.md"]);
    assert.deepEqual(
      (await server.client.listContentFiles(name)).map(({ path }) => path),
      ["__static__/a.png", "__static__/c.png"],
    );
    assert.equal(dumped.match(/^ {8}- (?:kind|id): /gm)?.length, 7, "five tabs and two forwards");
  });
});
