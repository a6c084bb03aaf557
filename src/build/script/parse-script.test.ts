import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseScript } from "./parse-script.ts";
import type { BuildScript } from "./schema.ts";

const base = `[filesystem]
size_mib = 64
[container]
image = { name = "debian", tag = "12" }
`;
const base2 = `version = 2\n${base}`;

/** A script with more in one of its tables. */
function withIn(table: "filesystem" | "container", line: string, start = base): string {
  return start.replace(`[${table}]\n`, `[${table}]\n${line}\n`);
}
const withCommand = (lines: string, start = base) => `${start}[[commands]]\n${lines}\n`;
const withOverlay = (lines: string, start = base) => `${start}[[overlays]]\n${lines}\n`;

function read(text: string): BuildScript {
  const { script, findings } = parseScript(text);
  assert.ok(script, JSON.stringify(findings, null, 1));
  return script;
}

function errorsOf(text: string): string[] {
  const { script, findings } = parseScript(text);
  const errors = findings.filter(finding => finding.severity === "error");
  assert.equal(script === undefined, errors.length > 0);
  return errors.map(({ code, path, line, column }) => `${code} ${path} ${line}:${column}`);
}

function warningsOf(text: string): string[] {
  return parseScript(text)
    .findings.filter(finding => finding.severity === "warning")
    .map(({ code, path }) => `${code} ${path}`);
}

describe("every key is read", () => {
  const positive: Array<[text: string, value: (script: BuildScript) => unknown, expected: unknown]> = [
    [base, script => script.version, 1],
    [`version = 1\n${base}`, script => script.version, 1],
    [base, script => script.filesystem?.type, "Ext4"],
    ...(["Ext4", "Btrfs", "Squashfs", "Vfat", "Xfs"] as const).map(
      type =>
        [withIn("filesystem", `type = "${type}"`), (s: BuildScript) => s.filesystem?.type, type] as [
          string,
          (s: BuildScript) => unknown,
          unknown,
        ],
    ),
    [base, script => script.filesystem?.size_mib, 64],
    [withIn("filesystem", "block_size_mib = 32"), script => script.filesystem?.block_size_mib, 32],
    [withIn("filesystem", 'dd_args = ["conv=sparse"]'), script => script.filesystem?.dd_args, ["conv=sparse"]],
    [withIn("filesystem", 'mkfs_args = ["-L", "x"]'), script => script.filesystem?.mkfs_args, ["-L", "x"]],
    [base, script => script.container.engine, "Docker"],
    [withIn("container", 'engine = "Podman"'), script => script.container.engine, "Podman"],
    [base, script => script.container.image, { name: "debian", tag: "12" }],
    [withIn("container", "rootful = true"), script => script.container.rootful, true],
    [withIn("container", "wait_timeout_s = 5"), script => script.container.wait_timeout_s, 5],
    [withIn("container", 'connection_uri = "/run/d.sock"'), script => script.container.connection_uri, "/run/d.sock"],
    [withIn("container", 'volumes = { "/a" = "/b" }'), script => script.container.volumes, { "/a": "/b" }],
    [withIn("container", 'env = { A = "1" }'), script => script.container.env, { A: "1" }],
    [withIn("container", 'hostname = "h"'), script => script.container.hostname, "h"],
    [withIn("container", 'oci_runtime = "runc"'), script => script.container.oci_runtime, "runc"],
    [withIn("container", 'engine = "Podman"\ntimeout = 9'), script => script.container.timeout, 9],
    [withIn("container", 'cap_add = ["NET_ADMIN"]'), script => script.container.cap_add, ["NET_ADMIN"]],
    [withIn("container", 'cap_drop = ["MKNOD"]'), script => script.container.cap_drop, ["MKNOD"]],
    [withCommand('command = "a b"'), script => script.commands[0]?.command, "a b"],
    [withCommand('script_inline = "#!/bin/sh"'), script => script.commands[0]?.script_inline, "#!/bin/sh"],
    [withCommand('script_path = "/a.sh"'), script => script.commands[0]?.script_path, "/a.sh"],
    [withCommand('command = "a"\nuid = 4294967295'), script => script.commands[0]?.uid, 4_294_967_295],
    [withCommand('command = "a"\nuid = 1\ngid = 2'), script => script.commands[0]?.gid, 2],
    [withCommand('command = "a"\nworking_dir = "/w"'), script => script.commands[0]?.working_dir, "/w"],
    [withCommand('command = "a"\nprivileged = true'), script => script.commands[0]?.privileged, true],
    [withCommand('command = "a"\nenv = { B = "2" }'), script => script.commands[0]?.env, { B: "2" }],
    [withOverlay('source = "/s"\ndestination = "/d"'), script => script.overlays[0]?.source, "/s"],
    [withOverlay('source_inline = "x"\ndestination = "/d"'), script => script.overlays[0]?.source_inline, "x"],
    [withOverlay('source_inline = "x"\ndestination = "d/e"'), script => script.overlays[0]?.destination, "d/e"],
    [
      withOverlay('source = "/s"\ndestination = "/d"\nis_directory = true'),
      script => script.overlays[0]?.is_directory,
      true,
    ],
    [withOverlay('source = "/s"\ndestination = "/d"\nmounted = true'), script => script.overlays[0]?.mounted, true],
    [`${base}[export.files]\ninclude = ["/a"]`, script => script.export?.files.include, ["/a"]],
    [`${base}[export.files]\ncreate = ["/a"]`, script => script.export?.files.create, ["/a"]],
    [`${base}[export.directories]\ninclude = ["/a"]`, script => script.export?.directories.include, ["/a"]],
    [`${base}[export.directories]\ncreate = ["/a"]`, script => script.export?.directories.create, ["/a"]],
    [base2, script => script.version, 2],
    [base2, script => script.container.pull, "missing"],
    [withIn("container", 'pull = "never"', base2), script => script.container.pull, "never"],
    [
      base2.replace('tag = "12"', `digest = "sha256:${"a".repeat(64)}"`),
      script => script.container.image.digest,
      `sha256:${"a".repeat(64)}`,
    ],
    [base2.replace("tag", 'platform = "linux/arm/v7", tag'), s => s.container.image.platform, "linux/arm/v7"],
    [base2.replace("size_mib = 64", 'size = "auto"'), script => script.filesystem?.size, "auto"],
    [withIn("filesystem", 'type = "Vfat"\nlossy = true', base2), script => script.filesystem?.lossy, true],
    [withCommand('command = "a"\nuser = "u:g"', base2), script => script.commands[0]?.user, "u:g"],
    [withCommand('command = "a"\nshell = true', base2), script => script.commands[0]?.shell, true],
    [withCommand('command = "a"\nshell = "/bin/bash"', base2), script => script.commands[0]?.shell, "/bin/bash"],
    [withOverlay('source_inline = ""\ndestination = "/d"\nmode = "0755"', base2), s => s.overlays[0]?.mode, "0755"],
    [withOverlay('source_inline = ""\ndestination = "/d"\nuid = 5', base2), s => s.overlays[0]?.uid, 5],
    [withOverlay('source_inline = ""\ndestination = "/d"\ngid = 6', base2), s => s.overlays[0]?.gid, 6],
    ...(["image", "tarball", "oci"] as const).map(
      format =>
        [`${base2}[output]\nformat = "${format}"`, (s: BuildScript) => s.output?.format, format] as [
          string,
          (s: BuildScript) => unknown,
          unknown,
        ],
    ),
    [
      'version = 2\noutput = { format = "oci" }\n[container]\nimage = { name = "a", tag = "b" }',
      script => script.filesystem,
      undefined,
    ],
  ];
  for (const [text, value, expected] of positive) {
    test(JSON.stringify(expected), () => assert.deepEqual(value(read(text)), expected));
  }
});

test("every key of the wrong type is named where it stands", () => {
  const text = `[filesystem]
type = 1
size_mib = "64"
block_size_mib = 1.0
dd_args = "x"
mkfs_args = [1]
[container]
engine = true
image = { name = 1, tag = [] }
rootful = "yes"
wait_timeout_s = "1"
connection_uri = 1
volumes = []
env = { A = 1 }
hostname = {}
oci_runtime = 1
timeout = true
cap_add = "A"
cap_drop = [true]
[[commands]]
command = 1
uid = "0"
gid = -1.5
working_dir = 1
privileged = 0
env = "A=1"
[[commands]]
script_inline = []
[[commands]]
script_path = 1
[[overlays]]
source = 1
source_inline = 1
destination = 1
is_directory = "true"
mounted = 1
[export.files]
include = "/a"
create = {}
[export.directories]
include = [1]
create = "x"
`;
  const errors = errorsOf(text);
  const wrong = (path: string, line: number, column = 1) => `build/wrong-type ${path} ${line}:${column}`;
  assert.deepEqual(errors, [
    wrong("filesystem.type", 2),
    wrong("filesystem.size_mib", 3),
    wrong("filesystem.block_size_mib", 4),
    wrong("filesystem.dd_args", 5),
    wrong("filesystem.mkfs_args[0]", 6, 14),
    wrong("container.engine", 8),
    wrong("container.image.name", 9, 11),
    wrong("container.image.tag", 9, 21),
    wrong("container.rootful", 10),
    wrong("container.wait_timeout_s", 11),
    wrong("container.connection_uri", 12),
    wrong("container.volumes", 13),
    wrong("container.env.A", 14, 9),
    wrong("container.hostname", 15),
    wrong("container.oci_runtime", 16),
    wrong("container.timeout", 17),
    wrong("container.cap_add", 18),
    wrong("container.cap_drop[0]", 19, 13),
    wrong("commands[0].command", 21),
    wrong("commands[0].uid", 22),
    wrong("commands[0].gid", 23),
    wrong("commands[0].working_dir", 24),
    wrong("commands[0].privileged", 25),
    wrong("commands[0].env", 26),
    wrong("commands[1].script_inline", 28),
    wrong("commands[2].script_path", 30),
    wrong("overlays[0].source", 32),
    wrong("overlays[0].source_inline", 33),
    wrong("overlays[0].destination", 34),
    wrong("overlays[0].is_directory", 35),
    wrong("overlays[0].mounted", 36),
    wrong("export.files.include", 38),
    wrong("export.files.create", 39),
    wrong("export.directories.include[0]", 41, 12),
    wrong("export.directories.create", 42),
  ]);
});

test("the keys of version 2 of the wrong type, too", () => {
  const text = `version = 2
[filesystem]
size = "big"
lossy = 1
[container]
pull = "sometimes"
image = { name = "a", digest = 1, platform = 2 }
[[commands]]
command = "a"
user = 0
shell = 1
[[overlays]]
source_inline = ""
destination = "/d"
mode = 755
uid = "0"
gid = []
[output]
format = "qcow2"
`;
  assert.deepEqual(errorsOf(text), [
    "build/bad-value filesystem.size 3:1",
    "build/wrong-type filesystem.lossy 4:1",
    "build/bad-value container.pull 6:1",
    "build/wrong-type container.image.digest 7:23",
    "build/wrong-type container.image.platform 7:35",
    "build/wrong-type commands[0].user 10:1",
    "build/wrong-type commands[0].shell 11:1",
    "build/wrong-type overlays[0].mode 15:1",
    "build/wrong-type overlays[0].uid 16:1",
    "build/wrong-type overlays[0].gid 17:1",
    "build/bad-value output.format 19:1",
  ]);
});

test("an unknown key in every table is named, with the nearest known one", () => {
  const text = `vesion = 2
[filesystem]
size_mb = 64
size_mib = 64
[container]
imagee = 1
image = { name = "a", tag = "b", tags = "c" }
[[commands]]
command = "a"
comand = "b"
[[overlays]]
source_inline = ""
destination = "/d"
destinatoin = "/e"
[export]
file = {}
[export.files]
includes = []
`;
  const { findings } = parseScript(text);
  const errors = findings.filter(finding => finding.severity === "error");
  assert.deepEqual(
    errors.map(({ path, line, column, message }) => [path, line, column, /Did you mean "(.*)"/.exec(message)?.[1]]),
    [
      ["vesion", 1, 1, "version"],
      ["filesystem.size_mb", 3, 1, "size_mib"],
      ["container.imagee", 6, 1, "image"],
      ["container.image.tags", 7, 34, "tag"],
      ["commands[0].comand", 10, 1, "command"],
      ["overlays[0].destinatoin", 14, 1, "destination"],
      ["export.file", 16, 1, "files"],
      ["export.files.includes", 18, 1, "include"],
    ],
  );
});

test("keys of version 2 are unknown to a script without a version, and the message says so", () => {
  const { findings } = parseScript(withIn("container", 'pull = "never"'));
  const finding = findings.find(each => each.severity === "error");
  assert.equal(finding?.code, "build/unknown-key");
  assert.match(finding?.message ?? "", /version 2/);
  assert.match(finding?.hint ?? "", /version = 2/);
});

describe("values that cannot be used", () => {
  const cases: Array<[name: string, text: string, errors: string[]]> = [
    ["a version to come", `version = 3\n${base}`, ["build/bad-value version 1:1"]],
    [
      "a filesystem with a small letter",
      withIn("filesystem", 'type = "ext4"'),
      ["build/bad-value filesystem.type 2:1"],
    ],
    ["an engine nobody knows", withIn("container", 'engine = "podman"'), ["build/bad-value container.engine 4:1"]],
    ["a number above 32 bits", base.replace("64", "4294967296"), ["build/bad-value filesystem.size_mib 2:1"]],
    ["a negative number", base.replace("64", "-1"), ["build/bad-value filesystem.size_mib 2:1"]],
    ["no size", base.replace("size_mib = 64\n", ""), ["build/missing-key filesystem.size_mib 1:1"]],
    ["no filesystem", base.slice(base.indexOf("[container]")), ["build/missing-key filesystem undefined:undefined"]],
    ["no image", "[filesystem]\nsize_mib = 1\n[container]\n", ["build/missing-key container.image 3:1"]],
    ["a size of zero", base.replace("64", "0"), ["build/bad-value filesystem.size_mib 2:1"]],
    ["blocks of zero", withIn("filesystem", "block_size_mib = 0"), ["build/bad-value filesystem.block_size_mib 2:1"]],
    [
      "a size that blocks do not divide",
      withIn("filesystem", "block_size_mib = 5"),
      ["build/bad-value filesystem.block_size_mib 2:1"],
    ],
    [
      "an option of mkfs that the writer does not know",
      withIn("filesystem", 'mkfs_args = ["-L", "a", "-E", "x"]'),
      ["build/bad-value filesystem.mkfs_args[2] 2:25", "build/bad-value filesystem.mkfs_args[3] 2:31"],
    ],
    [
      "an option of mkfs.xfs that says where",
      withIn("filesystem", 'type = "Xfs"\nmkfs_args = ["-f", "-d", "file,name=/dev/sda"]'),
      ["build/bad-value filesystem.mkfs_args[1] 3:20", "build/bad-value filesystem.mkfs_args[2] 3:26"],
    ],
    [
      "an option of mkfs.btrfs that reads this host",
      withIn("filesystem", 'type = "Btrfs"\nmkfs_args = ["-L", "a", "--rootdir=/etc"]'),
      ["build/bad-value filesystem.mkfs_args[2] 3:25"],
    ],
    [
      "Podman by http",
      withIn("container", 'engine = "Podman"\nconnection_uri = "http://x"'),
      ["build/bad-value container.connection_uri 5:1"],
    ],
    [
      "Docker by ssh",
      withIn("container", 'connection_uri = "ssh://x"'),
      ["build/bad-value container.connection_uri 4:1"],
    ],
    [
      "a volume at a relative path",
      withIn("container", 'volumes = { "/a" = "b" }'),
      ['build/bad-value container.volumes."/a" 4:13'],
    ],
    ["no form", withCommand("uid = 0"), ["build/missing-key commands[0] 5:1"]],
    ["two forms", withCommand('command = "a"\nscript_path = "/b"'), ["build/conflict commands[0].script_path 7:1"]],
    ["an empty command", withCommand('command = " "'), ["build/bad-value commands[0].command 6:1"]],
    [
      "a script without interpreter",
      withCommand('script_inline = "ls"'),
      ["build/bad-value commands[0].script_inline 6:1"],
    ],
    ["a gid without uid", withCommand('command = "a"\ngid = 0'), ["build/bad-value commands[0].gid 7:1"]],
    ["a relative script", withCommand('script_path = "a.sh"'), ["build/bad-value commands[0].script_path 6:1"]],
    [
      "a relative working directory",
      withCommand('command = "a"\nworking_dir = "b"'),
      ["build/bad-value commands[0].working_dir 7:1"],
    ],
    [
      "a user and a uid",
      withCommand('command = "a"\nuser = "b"\nuid = 1', base2),
      ["build/conflict commands[0].uid 9:1"],
    ],
    [
      "a shell for a script",
      withCommand('script_inline = "#!/x"\nshell = true', base2),
      ["build/bad-value commands[0].shell 8:1"],
    ],
    ["an overlay without source", withOverlay('destination = "/d"'), ["build/missing-key overlays[0] 5:1"]],
    [
      "an overlay with two sources",
      withOverlay('source = "/s"\nsource_inline = ""\ndestination = "/d"'),
      ["build/conflict overlays[0].source_inline 7:1"],
    ],
    [
      "an inline directory",
      withOverlay('source_inline = ""\nis_directory = true\ndestination = "/d"'),
      ["build/conflict overlays[0].is_directory 7:1"],
    ],
    [
      "a destination that leaves the image",
      withOverlay('source_inline = ""\ndestination = "/a/../../b"'),
      ["build/bad-value overlays[0].destination 7:1"],
    ],
    [
      "a file as the root",
      withOverlay('source_inline = ""\ndestination = "//."'),
      ["build/bad-value overlays[0].destination 7:1"],
    ],
    [
      "a mode that is not octal",
      withOverlay('source_inline = ""\ndestination = "/d"\nmode = "0789"', base2),
      ["build/bad-value overlays[0].mode 9:1"],
    ],
    [
      "a path as file and directory",
      `${base}[export.files]\ncreate = ["/a"]\n[export.directories]\ncreate = ["a/"]`,
      ["build/conflict export.files.create[0] 6:11"],
    ],
    [
      "an export that leaves the container",
      `${base}[export.files]\ninclude = ["/../a"]`,
      ["build/bad-value export.files.include[0] 6:12"],
    ],
    ["neither tag nor digest", base2.replace(', tag = "12"', ""), ["build/missing-key container.image 5:1"]],
    ["two sizes", withIn("filesystem", 'size = "auto"', base2), ["build/conflict filesystem.size 3:1"]],
  ];
  for (const [name, text, expected] of cases) test(name, () => assert.deepEqual(errorsOf(text), expected));
});

test("both places of a conflict are in its message", () => {
  const { findings } = parseScript(withCommand('command = "a"\nscript_path = "/b"\nscript_inline = "#!/c"'));
  const [finding] = findings.filter(each => each.severity === "error");
  assert.match(finding?.message ?? "", /command \(line 6\).*script_path \(line 7\).*script_inline \(line 8\)/);
});

test("what has no effect or may surprise is a warning", () => {
  const exported = `${base}[export.files]\ninclude = ["/a"]\n`;
  assert.deepEqual(warningsOf(base), ["build/doubtful "]);
  assert.deepEqual(warningsOf(exported), []);
  assert.deepEqual(warningsOf(withIn("filesystem", 'dd_args = ["x"]', exported)), [
    "build/no-effect filesystem.dd_args",
  ]);
  assert.deepEqual(warningsOf(withIn("container", "timeout = 3", exported)), ["build/no-effect container.timeout"]);
  assert.deepEqual(warningsOf(withCommand("command = \"echo 'a b'\"", exported)), [
    "build/doubtful commands[0].command",
  ]);
  assert.deepEqual(warningsOf(base2), []);
});

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

test("a missing key is not hidden by an unknown one beside it", () => {
  const errors = errorsOf(base.replace("size_mib", "other_key"));
  assert.deepEqual(errors, ["build/missing-key filesystem.size_mib 1:1", "build/unknown-key filesystem.other_key 2:1"]);
});

test("what is not TOML is named with its place", () => {
  const { findings } = parseScript("[filesystem]\nsize_mib = = 1\n");
  assert.deepEqual(
    findings.map(({ code, line }) => [code, line]),
    [["build/syntax", 2]],
  );
});

test("keys of prototypes are unknown keys", () => {
  assert.deepEqual(errorsOf(`${base}[__proto__]\nx = 1\n[constructor]\n`).length, 2);
});
