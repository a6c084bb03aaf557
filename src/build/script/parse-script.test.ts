import assert from "node:assert/strict";
import { test } from "node:test";
import {
  base,
  base2,
  errorsOf,
  warningsOf,
  withCommand,
  withIn,
  withOverlay,
} from "../../../test/fixtures/build-script.ts";
import { parseScript } from "./parse-script.ts";

test("a rule is not kept back by an unknown key elsewhere", () => {
  const text = withCommand('script_inline = "ls"', withIn("filesystem", "sise = 1"));
  assert.deepEqual(errorsOf(text), [
    "build/unknown-key filesystem.sise 2:1",
    "build/bad-value commands[0].script_inline 7:1",
  ]);
});

test("a rule is not kept back by a missing key or a wrong value elsewhere", () => {
  const text = `[filesystem]
size_mib = 100
block_size_mib = 0
[container]
engine = "podman"
image = { name = "x" }
volumes = { "a" = "/b" }
[[commands]]
command = "true"
gid = 5
uid = "0"
[[commands]]
gid = 5
[[commands]]
[[overlays]]
is_directory = 1
[[overlays]]
destination = "/.."
`;
  assert.deepEqual(errorsOf(text), [
    "build/bad-value filesystem.block_size_mib 3:1",
    "build/bad-value container.engine 5:1",
    "build/missing-key container.image.tag 6:1",
    "build/bad-value container.volumes.a 7:13",
    "build/wrong-type commands[0].uid 11:1",
    "build/missing-key commands[1] 12:1",
    "build/bad-value commands[1].gid 13:1",
    "build/missing-key commands[2] 14:1",
    "build/missing-key overlays[0].destination 15:1",
    "build/missing-key overlays[0] 15:1",
    "build/wrong-type overlays[0].is_directory 16:1",
    "build/missing-key overlays[1] 17:1",
    "build/bad-value overlays[1].destination 18:1",
  ]);
  assert.deepEqual(warningsOf(text), ["build/doubtful "]);
});

test("what rests on a value that cannot be read is not said", () => {
  const cases: Array<[text: string, ...errors: string[]]> = [
    [withIn("filesystem", 'type = "xfs"\nmkfs_args = ["-E"]'), "build/bad-value filesystem.type 2:1"],
    [withIn("filesystem", 'mkfs_args = ["-N", 5]'), "build/wrong-type filesystem.mkfs_args[1] 2:20"],
    [withIn("container", 'engine = "podman"\nconnection_uri = "ssh://x"'), "build/bad-value container.engine 4:1"],
    [withCommand("command = []\nshell = true", base2), "build/wrong-type commands[0].command 7:1"],
    [withCommand("script_path = 1"), "build/wrong-type commands[0].script_path 6:1"],
    [withOverlay("source = 1\ndestination = '/d'"), "build/wrong-type overlays[0].source 6:1"],
    [
      withOverlay("source = '/s'\ndestination = '/'\nis_directory = 1"),
      "build/wrong-type overlays[0].is_directory 8:1",
    ],
    [
      `version = 2\n[container]\nimage = { name = "a", tag = "b" }\n[output]\nformat = "tar"`,
      "build/bad-value output.format 5:1",
    ],
    [
      `${base}[export.files]\ninclude = [1]\n[export.directories]\ninclude = ["/"]`,
      "build/wrong-type export.files.include[0] 6:12",
    ],
    [
      `overlays = [1]\ncommands = [2]\n${base}`,
      ...["overlays[0] 1:13", "commands[0] 2:13"].map(at => `build/wrong-type ${at}`),
    ],
  ];
  for (const [text, ...errors] of cases) assert.deepEqual(errorsOf(text), errors);
  assert.deepEqual(warningsOf(withIn("container", "engine = 1\ntimeout = 1")), ["build/doubtful "]);
  assert.deepEqual(warningsOf(`export = 1\n${base}`), []);
});

test("whatever is wrong, the rest is looked at", () => {
  const lines = `[filesystem]
type = "Ext4"
size = "auto"
mkfs_args = ["-L", "x"]
[container]
engine = "Podman"
image = { name = "a", tag = "b", digest = "c", platform = "d" }
volumes = { "/a" = "/b" }
env = { A = "1" }
cap_add = ["A"]
[[overlays]]
source = "/a"
destination = "/b"
mode = "755"
[export.files]
include = ["/a"]
[export.directories]
create = ["/c"]
[output]
format = "image"
[[commands]]
script_path = "/a"
env = { B = "1" }
shell = true`.split("\n");
  const values = ["1", "-1", "1.5", '""', '"?"', "true", "[]", "[1]", "[[]]", "{}", "{ x = 1 }", "[{ __proto__ = 1 }]"];
  for (const [index, line] of lines.entries()) {
    const [key] = line.split(" = ");
    for (const value of values.map(each => (key === line ? "" : `${key} = ${each}`))) {
      const changed = lines.with(index, value).filter(each => each !== "");
      // Without its header a table's keys belong to the one before, where they may stand twice.
      const text = `version = 2\n${changed.join("\n")}\n[[commands]]\ncommand = " "\n`;
      const found = parseScript(text).findings.filter(({ code }) => code !== "build/syntax");
      if (found.length === 0 && key === line) continue;
      assert.ok(
        found.some(({ message }) => message === "the command is empty"),
        text,
      );
    }
  }
});

test("what is not TOML is named with its place", () => {
  const { findings } = parseScript("[filesystem]\nsize_mib = = 1\n");
  assert.deepEqual(
    findings.map(({ code, line }) => [code, line]),
    [["build/syntax", 2]],
  );
});
