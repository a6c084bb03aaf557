import assert from "node:assert/strict";
import { test } from "node:test";
import { alpine, only, rows, systemd } from "../../../test/fixtures/bootable-image.ts";
import { symlink } from "../../../test/fixtures/memory-tree.ts";

rows("network", [
  { bad: { "usr/sbin/NetworkManager": undefined }, finding: "info boot/no-network-manager" },
  {
    base: systemd,
    bad: { "usr/bin/cloud-init": "x", "etc/systemd/system/cloud-init.target.wants/cloud-init.service": symlink("x") },
    finding: "warning boot/cloud-init",
    good: {
      "usr/bin/cloud-init": "x",
      "etc/systemd/system/cloud-init.target.wants/cloud-init.service": symlink("x"),
      "etc/cloud/cloud-init.disabled": "",
    },
  },
  {
    base: alpine,
    bad: { "usr/bin/cloud-init": "x", "etc/runlevels/boot/cloud-init-local": symlink("/etc/init.d/cloud-init-local") },
    finding: "warning boot/cloud-init",
    good: { "usr/bin/cloud-init": "x" },
  },
]);

test("a cloud-init that looks for its cloud first is only worth an info", () => {
  const change = {
    "usr/bin/cloud-init": "x",
    "usr/lib/cloud-init/ds-identify": "x",
    "etc/systemd/system/cloud-init.target.wants/cloud-init-local.service": symlink("x"),
  };
  const found = only(systemd, change);
  assert.equal(`${found.severity} ${found.code}`, "info boot/cloud-init");
});
