import { masked, rows, systemd, units } from "../../../test/fixtures/bootable-image.ts";

rows("mounts", [
  {
    bad: { "etc/fstab": "# static\nUUID=abc /data ext4 defaults 0 2\n" },
    finding: "warning boot/fstab-waits",
    says: /waits 90 s for UUID=abc/,
    good: {
      "etc/fstab":
        "UUID=abc /data ext4 defaults,nofail 0 2\ntmpfs /x tmpfs size=1m 0 0\n/dev/sdb1 /y ext4 noauto 0 0\n",
    },
  },
  { bad: { "etc/fstab": "/dev/sda5 none swap sw 0 0\n" }, finding: "warning boot/fstab-waits" },
  {
    bad: { "etc/fstab": "LABEL=root / ext4 ro 0 1\n" },
    finding: "warning boot/fstab-read-only",
    good: { "etc/fstab": "LABEL=root / ext4 errors=remount-ro 0 1\n" },
  },
  {
    base: systemd,
    bad: { "etc/fstab": "LABEL=cloudimg-rootfs / ext4 discard 0 1\n" },
    finding: "warning boot/fstab-root",
    path: "/etc/fstab",
    says: /LABEL=cloudimg-rootfs, which it never is/,
    fix: /\[\[:space:\]\]\/\[\[:space:\]\]/,
    good: { "etc/fstab": "/dev/sda1 / ext4 discard 0 1\nUUID=abc /data ext4 nofail 0 2\n" },
  },
  {
    base: systemd,
    bad: { "etc/fstab": "UUID=abc / ext4 ro 0 1\n" },
    finding: "warning boot/fstab-read-only",
  },
  {
    // That nothing remounts is told by the finding about its unit.
    base: systemd,
    bad: { "etc/fstab": "UUID=abc / ext4 defaults 0 1\n", [`${units}/systemd-remount-fs.service`]: masked },
    finding: "warning boot/masked-unit",
  },
]);
