import assert from "node:assert/strict";
import { describe, test } from "node:test";
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
