import assert from "node:assert/strict";
import { cp, mkdir, readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, relative } from "node:path";
import { beforeEach, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { packageDirectory } from "../../../test/fixtures/package-directory.ts";
import { tarArchive } from "../../../test/fixtures/tar-archive.ts";
import { openPackage, type PackageKind } from "./open-package.ts";
import { pack, unpack } from "./pack.ts";
import { checkReferences } from "./references.ts";

const script = `[filesystem]
size_mib = 8
[container]
image = { name = "debian", tag = "12" }
[[commands]]
script_path = "/scripts/setup.sh"
[[overlays]]
source = "/motd"
destination = "/etc/motd"
[[overlays]]
source = "/tree"
is_directory = true
destination = "/opt"
`;

const at = packageDirectory("for each test");
let work: string;
beforeEach(async () => {
  work = at("work");
  await mkdir(work);
});

async function makeSource(text = script): Promise<string> {
  await mkdir(at("source/scripts"), { recursive: true });
  await mkdir(at("source/tree/sub"), { recursive: true });
  await writeFile(at("source/lab.toml"), text);
  await writeFile(at("source/scripts/setup.sh"), "#!/bin/sh\ntrue\n", { mode: 0o755 });
  await writeFile(at("source/motd"), "hello\n");
  await writeFile(at("source/tree/sub/file"), "x".repeat(3000), { mode: 0o640 });
  await symlink("sub/file", at("source/tree/link"));
  await writeFile(at("source/unrelated"), "not part of the package");
  return at("source/lab.toml");
}

async function findingsOf(path: string, allowHostVolumes = false): Promise<string[]> {
  await rm(work, { recursive: true });
  await mkdir(work);
  using opened = await openPackage(path, { workDirectory: work });
  return [...opened.parsed.findings, ...checkReferences(opened, { allowHostVolumes })]
    .filter(finding => finding.severity === "error")
    .map(({ code, path: key, line }) => `${code} ${key} ${line}`);
}

async function listing(root: string): Promise<string[]> {
  const lines: string[] = [];
  for (const name of (await readdir(root, { recursive: true })).sort()) {
    const path = join(root, name);
    const stats = await stat(path);
    const link = await readlink(path).catch(() => undefined);
    const content = link ?? (stats.isDirectory() ? "" : await readFile(path, "utf8"));
    lines.push(`${name} ${(stats.mode & 0o777).toString(8)} ${content.length} ${link ?? ""}`);
  }
  return lines;
}

for (const kind of ["directory", "tar", "tar-gz"] as const satisfies PackageKind[]) {
  test(`a script with references, packed as ${kind}, passes the checks and unpacks to what was packed`, async () => {
    const source = await makeSource();
    const packed = at("packed");
    const result = await pack({ source, destination: packed, kind, workDirectory: work });
    assert.equal(result.destination, packed);
    assert.deepEqual(await findingsOf(packed), []);
    let unpacked = packed;
    if (kind !== "directory") {
      unpacked = at("unpacked");
      await rm(work, { recursive: true });
      await mkdir(work);
      await unpack({ source: packed, destination: unpacked, workDirectory: work });
    }
    assert.deepEqual(await listing(unpacked), [
      `build.toml 644 ${script.length} `,
      "motd 644 6 ",
      "scripts 755 0 ",
      "scripts/setup.sh 755 15 ",
      "tree 755 0 ",
      "tree/link 640 8 sub/file",
      "tree/sub 755 0 ",
      "tree/sub/file 640 3000 ",
    ]);
    assert.equal(await readFile(join(unpacked, "build.toml"), "utf8"), script);
    // B8: the source is as it was, and nothing half-made is left.
    assert.equal(await readFile(at("source/motd"), "utf8"), "hello\n");
    assert.deepEqual(
      (await readdir(at())).filter(name => /tmp|partial/.test(name)),
      [],
    );
  });
}

test("B7: a gzipped package is known by its content, whatever its name", async () => {
  const source = await makeSource();
  for (const name of ["a.tar.gz", "a.tgz", "a.bin", "a.tar"]) {
    await rm(work, { recursive: true });
    await mkdir(work);
    await pack({ source, destination: at(name), kind: "tar-gz", workDirectory: work });
    assert.equal(gunzipSync(await readFile(at(name))).toString("latin1", 257, 262), "ustar");
    assert.deepEqual(await findingsOf(at(name)), []);
  }
});

test("the same package twice is the same file", async () => {
  const source = await makeSource();
  await pack({ source, destination: at("1"), kind: "tar-gz", workDirectory: work });
  await pack({ source, destination: at("2"), kind: "tar-gz", workDirectory: work });
  assert.deepEqual(await readFile(at("1")), await readFile(at("2")));
});

test("B8: references are looked up in the package, never on the host", async () => {
  const source = await makeSource(script.replace("/motd", "/etc/hostname"));
  const result = await pack({ source, destination: at("packed"), kind: "directory", workDirectory: work });
  assert.equal(result.destination, undefined);
  assert.deepEqual(
    result.findings.filter(({ severity }) => severity === "error").map(({ message }) => message),
    ['"/etc/hostname" does not exist in the package'],
  );
});

test("nothing outside the package is reached, by links neither", async () => {
  await makeSource(script.replace("/motd", "/leak/hostname"));
  await symlink("/etc", at("source/leak"));
  await mkdir(at("dir"));
  await cp(at("source"), at("dir"), { recursive: true, verbatimSymlinks: true });
  await rename(at("dir/lab.toml"), at("dir/build.toml"));
  assert.deepEqual(await findingsOf(at("dir")), ["build/missing-reference overlays[0].source 8"]);
  const up = at("source/up.toml");
  await writeFile(up, script.replace("/motd", "/../../../../../../etc/hostname"));
  assert.equal(
    (await pack({ source: up, destination: at("p"), kind: "tar", workDirectory: work })).destination,
    undefined,
  );
});

test("an archive whose entries leave it is refused", async () => {
  await writeFile(
    at("evil.tar"),
    tarArchive([
      { name: "build.toml", content: script },
      { name: "../x", content: "x" },
    ]),
  );
  await assert.rejects(unpack({ source: at("evil.tar"), destination: at("out"), workDirectory: work }), {
    code: "build/package-unreadable",
    message: /leaves the root/,
  });
  assert.ok(!(await readdir(at())).includes("x"));
});

test("a link in an archive is not written through", async () => {
  const members = [
    { name: "build.toml", content: script },
    { name: "out", type: "2", linkName: at() },
    { name: "out/escaped", content: "x" },
  ];
  await writeFile(at("evil.tar"), tarArchive(members));
  await unpack({ source: at("evil.tar"), destination: at("unpacked"), workDirectory: work }).catch(() => undefined);
  assert.ok(!(await readdir(at())).includes("escaped"));
});

test("a missing file is named, with the key that wants it", async () => {
  await makeSource();
  await rm(at("source/motd"));
  await rm(at("source/scripts/setup.sh"));
  await rename(at("source/lab.toml"), at("source/build.toml"));
  assert.deepEqual(await findingsOf(at("source")), [
    "build/missing-reference commands[0].script_path 6",
    "build/missing-reference overlays[0].source 8",
  ]);
});

test("a directory where a file is wanted, and the reverse", async () => {
  const text = script.replace('"/motd"', '"/tree"').replace('source = "/tree"\nis', 'source = "/motd"\nis');
  await makeSource(text);
  await rename(at("source/lab.toml"), at("source/build.toml"));
  assert.deepEqual(await findingsOf(at("source")), [
    "build/bad-value overlays[0].source 8",
    "build/bad-value overlays[1].source 11",
  ]);
});

test("a single script that refers to files cannot stand alone", async () => {
  const source = await makeSource();
  assert.equal((await findingsOf(source)).length, 3);
  await assert.rejects(pack({ source, destination: at("x"), kind: "build-script", workDirectory: work }), {
    code: "build/missing-reference",
  });
});

test("B9: volumes mean the package; this host only when the caller says so", async () => {
  const text = script.replace("[container]\n", '[container]\nvolumes = { "/etc" = "/mnt", "/tree" = "/mnt2:ro" }\n');
  await makeSource(text);
  await rename(at("source/lab.toml"), at("source/build.toml"));
  assert.deepEqual(await findingsOf(at("source")), ['build/missing-reference container.volumes."/etc" 4']);
  assert.deepEqual(await findingsOf(at("source"), true), []);
});

test("B17: a package named by a relative path is the same package", async () => {
  await makeSource();
  await rename(at("source/lab.toml"), at("source/build.toml"));
  using opened = await openPackage(relative(process.cwd(), at("source")), { workDirectory: work });
  assert.equal(opened.path, at("source"));
});

test("source and destination cannot be the same", async () => {
  const source = await makeSource();
  await assert.rejects(pack({ source, destination: source, kind: "tar", workDirectory: work }), {
    code: "build/destination-unusable",
    message: /is the source/,
  });
  assert.equal(await readFile(source, "utf8"), script);
  await assert.rejects(pack({ source, destination: at("source"), kind: "directory", workDirectory: work }), {
    code: "build/destination-unusable",
    message: /not empty/,
  });
});

test("only a file gives way to a file, and only an empty directory to a directory", async () => {
  const source = await makeSource();
  await mkdir(at("empty"));
  await writeFile(at("old"), "old");
  const packed = (destination: string, kind: "tar" | "directory") =>
    pack({ source, destination, kind, workDirectory: work });
  await assert.rejects(packed(at("empty"), "tar"), { message: /something that is no file is there/ });
  // In place of a device, which a mistake here would remove.
  await using socket = createServer();
  await new Promise<void>(resolve => socket.listen(at("socket"), resolve));
  await assert.rejects(packed(at("socket"), "tar"), { message: /something that is no file is there/ });
  await assert.rejects(packed(at("old"), "directory"), { message: /something that is no directory is there/ });
  assert.equal((await packed(at("old"), "tar")).destination, at("old"));
  await assert.rejects(unpack({ source: at("old"), destination: source, workDirectory: work }), {
    message: /something that is no directory is there/,
  });
  assert.equal((await packed(at("empty"), "directory")).destination, at("empty"));
});

test("what is no package says why", async () => {
  await writeFile(at("a.tar"), "no archive at all");
  await writeFile(at("b.tar.gz"), Buffer.from([0x1f, 0x8b, 1, 2, 3]));
  await writeFile(at("c.tar"), tarArchive([{ name: "other.toml", content: "" }]));
  await writeFile(at("d.toml"), Buffer.from([0xff, 0xfe]));
  await mkdir(at("e"));
  for (const name of ["a.tar", "b.tar.gz", "c.tar", "d.toml", "e", "missing"]) {
    await rm(work, { recursive: true });
    await mkdir(work);
    await assert.rejects(openPackage(at(name), { workDirectory: work }), { code: "build/package-unreadable" }, name);
  }
});

test("there is nothing to unpack in a script or a directory", async () => {
  const source = await makeSource("");
  const result = await unpack({ source, destination: at("x"), workDirectory: work });
  assert.equal(result.destination, undefined);
  assert.match(result.warnings[0] ?? "", /nothing to unpack/);
});
