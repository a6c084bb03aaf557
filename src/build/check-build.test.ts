import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { packageDirectory } from "../../test/fixtures/package-directory.ts";
import { checkPackage } from "./check-build.ts";
import { openPackage } from "./package/open-package.ts";

const at = packageDirectory("once");

/** The errors of a package with this script, on a host without any program. */
async function errorsOf(script: string): Promise<string[]> {
  await mkdir(at("tree"), { recursive: true });
  await writeFile(at("build.toml"), script);
  using opened = await openPackage(at(), { workDirectory: at() });
  return checkPackage(opened, { allowHostVolumes: false, env: {} })
    .filter(finding => finding.severity === "error")
    .map(({ code, path, line, column }) => `${code} ${path} ${line}:${column}`);
}

test("missing keys hide neither the rules nor the missing files nor the missing programs", async () => {
  const errors = await errorsOf(`[filesystem]
type = "Squashfs"
size_mib = 100
block_size_mib = 0
[container]
image = { name = "x" }
[[commands]]
command = "true"
gid = 5
[[commands]]
script_path = "/missing.sh"
[[overlays]]
source = "/gone"
`);
  assert.deepEqual(errors, [
    "build/bad-value filesystem.type 2:1",
    "build/bad-value filesystem.block_size_mib 4:1",
    "build/missing-key container.image.tag 6:1",
    "build/bad-value commands[0].gid 9:1",
    "build/missing-reference commands[1].script_path 11:1",
    "build/missing-key overlays[0].destination 12:1",
    "build/missing-reference overlays[0].source 13:1",
  ]);
});

test("a broken rule hides no missing file", async () => {
  const errors = await errorsOf(`[filesystem]
size_mib = 100
block_size_mib = 3
[container]
image = { name = "x", tag = "y" }
[[commands]]
script_path = "/missing.sh"
`);
  assert.deepEqual(errors, [
    "build/bad-value filesystem.block_size_mib 3:1",
    "build/missing-reference commands[0].script_path 7:1",
  ]);
});

test("what rests on a value that cannot be read is not said", async () => {
  const errors = await errorsOf(`[filesystem]
type = "squashfs"
size_mib = 100
[container]
image = { name = "x", tag = "y" }
[[commands]]
script_path = "missing.sh"
[[overlays]]
source = "/tree"
destination = "/d"
is_directory = "yes"
`);
  assert.deepEqual(errors, [
    "build/bad-value filesystem.type 2:1",
    "build/bad-value commands[0].script_path 7:1",
    "build/wrong-type overlays[0].is_directory 11:1",
  ]);
});

test("programs are looked for where they are started from, with or without sbin in the PATH", async () => {
  const script = '[filesystem]\ntype = "TYPE"\nsize_mib = 400\n[container]\nimage = { name = "x", tag = "y" }\n';
  assert.deepEqual(await errorsOf(script.replace("TYPE", "Xfs")), []);
  assert.deepEqual(await errorsOf(script.replace("TYPE", "Btrfs")), []);
  assert.deepEqual(await errorsOf(script.replace("TYPE", "Vfat")), [
    "build/bad-value filesystem.type 2:1",
    "build/bad-value filesystem.type 2:1",
  ]);
});
