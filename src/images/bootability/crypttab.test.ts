import assert from "node:assert/strict";
import { test } from "node:test";
import { type Files, masked, program, rows, summary, systemd, units } from "../../../test/fixtures/bootable-image.ts";
import { symlink } from "../../../test/fixtures/memory-tree.ts";

const generator = "usr/lib/systemd/system-generators/systemd-cryptsetup-generator";
const encrypting = {
  ...systemd,
  [generator]: program(),
  [`${units}/cryptsetup.target`]: "[Unit]\n",
  [`${units}/sysinit.target.wants/cryptsetup.target`]: symlink("../cryptsetup.target"),
};
const table = (...lines: string[]) => ({ "etc/crypttab": lines.join("\n") });
const waits = "warning boot/crypttab-waits";

rows("encrypted drives", [
  {
    base: encrypting,
    bad: table("# <name> <device> <key> <options>", "", "data UUID=11-22 none luks"),
    finding: waits,
    path: "/etc/crypttab",
    says: /waits 90 s for UUID=11-22: \/etc\/crypttab has data opened from it/,
    fix: /data/,
    good: table(
      "# data UUID=11-22 none luks",
      "data UUID=11-22 none luks,nofail",
      "more /dev/sdb1 none noauto",
      "far /dev/sdc1 none _netdev",
      "file /srv/data.img none luks",
      "malformed",
    ),
  },
  { base: encrypting, bad: table("swap /dev/sda5 /dev/urandom swap"), finding: waits },
  { base: encrypting, bad: table("data /dev/sdb1"), finding: waits },
]);

test("a table that systemd does not read keeps nothing waiting", () => {
  const image = { ...encrypting, ...table("data LABEL=x none") };
  assert.deepEqual(summary(image), [waits]);
  const changes: Files[] = [
    { [generator]: undefined },
    { "etc/systemd/system-generators/systemd-cryptsetup-generator": masked },
    { [`${units}/sysinit.target.wants/cryptsetup.target`]: undefined },
    { "etc/systemd/system/cryptsetup.target": masked },
    { "sbin/init": program() },
  ];
  for (const change of changes) assert.deepEqual(summary({ ...image, ...change }), [], Object.keys(change)[0]);
});
