import assert from "node:assert/strict";
import { test } from "node:test";
import { planDrives } from "./drives.ts";

test("an operator's name for an image is resolved once, other sources stay as written", () => {
  const aliases = { lab: "oci://registry.example/lab:v1", loop: "lab", constructor: "debian-12" };
  const sources = ["lab", "loop", "constructor", "toString", "debian-12", "oci://lab.example/x"];
  assert.deepEqual(
    planDrives(
      sources.map(source => ({ source })),
      aliases,
    ).map(drive => drive.source),
    ["oci://registry.example/lab:v1", "lab", "debian-12", "toString", "debian-12", "oci://lab.example/x"],
  );
});

test("a drive has the filesystem that its author names, else ext4 where there is something to put on it", () => {
  const made = planDrives(
    [
      { source: "debian-12", mount: "/", filesystem: "xfs" },
      { source: "debian-12", filesystem: "btrfs" },
      { source: "debian-12" },
      { mount: "/a", filesystem: "xfs" },
      { mount: "/b" },
      {},
    ],
    {},
  );
  assert.deepEqual(
    made.map(({ filesystem }) => filesystem),
    ["xfs", "btrfs", "ext4", "xfs", "ext4", undefined],
  );
});
