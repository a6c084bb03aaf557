import assert from "node:assert/strict";
import { test } from "node:test";
import { base, errorsOf, withIn } from "../../../test/fixtures/build-script.ts";
import { parseScript } from "./parse-script.ts";

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

test("a missing key is not hidden by an unknown one beside it", () => {
  const errors = errorsOf(base.replace("size_mib", "other_key"));
  assert.deepEqual(errors, ["build/missing-key filesystem.size_mib 1:1", "build/unknown-key filesystem.other_key 2:1"]);
});

test("keys of prototypes are unknown keys", () => {
  assert.deepEqual(errorsOf(`${base}[__proto__]\nx = 1\n[constructor]\n`).length, 2);
});
