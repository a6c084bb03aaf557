import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  base,
  base2,
  errorsOf,
  readScript,
  withCommand,
  withIn,
  withOverlay,
} from "../../../test/fixtures/build-script.ts";
import type { BuildScript } from "./schema.ts";

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
    test(JSON.stringify(expected), () => assert.deepEqual(value(readScript(text)), expected));
  }
});

test("the tables whose keys an author chooses take every key, those of prototypes too", () => {
  const odd = `{ __proto__ = "1", constructor = "2", toString = "3" }`;
  const script = readScript(withCommand(`command = "a"\nenv = ${odd}`, withIn("container", `env = ${odd}`)));
  const entries = [
    ["__proto__", "1"],
    ["constructor", "2"],
    ["toString", "3"],
  ];
  assert.deepEqual(Object.entries(script.container.env), entries);
  assert.deepEqual(Object.entries(script.commands[0]?.env ?? {}), entries);
  assert.deepEqual(errorsOf(withIn("container", 'env = { __proto__ = 1 }\nvolumes = { __proto__ = "/b" }')), [
    "build/wrong-type container.env.__proto__ 4:9",
    "build/bad-value container.volumes.__proto__ 5:13",
  ]);
});
