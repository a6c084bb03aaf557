import { rows } from "../../../test/fixtures/bootable-image.ts";

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
]);
