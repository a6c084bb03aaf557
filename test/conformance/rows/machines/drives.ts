import { dataDigest } from "../../data-image.ts";
import { api, inside, type Row } from "../../row.ts";
import { notices } from "./questions.ts";

const sizes = (devices: string) => `for d in ${devices}; do echo "$d $(($(cat /sys/block/$d/size) / 2048))MiB"; done`;
const mounted = (path: string) =>
  `findmnt -no SOURCE,FSTYPE ${path} | tr -s ' '; grep '\t${path}\t' /etc/fstab | tr '\t' ' ' | sed 's/UUID=[-0-9a-f]*/UUID=…/'`;

export const drives: Row[] = [
  inside(
    "store",
    "drives[]",
    "24 of them",
    "ls /sys/block | grep -E '^vd[a-x]$' | tr -d '\\n'",
    Array.from("abcdefghijklmnopqrstuvwx", letter => `vd${letter}`).join(""),
  ),
  inside(
    "store",
    "drives[].size",
    "in list order: 1GiB, 6GiB, 1088MiB … 3GiB",
    sizes("vda vdb vdc vdd vdw vdx"),
    "vda 1024MiB\nvdb 6144MiB\nvdc 1088MiB\nvdd 1152MiB\nvdw 2304MiB\nvdx 3072MiB",
  ),
  inside("store", "drives[].size", "absent on a data drive", sizes("vdl"), "vdl 5120MiB"),
  inside(
    "edge",
    "drives[].size",
    "absent on the root drive",
    `${sizes("vda")}; df -B1 --output=size / | tail -1 | awk '{ print ($1 > 9.5 * 2^30 ? "filled" : $1) }'`,
    "vda 10240MiB\nfilled",
  ),
  inside(
    "store",
    "drives[].mount",
    "/ on the second drive",
    "findmnt -no SOURCE,FSTYPE /; df -B1 --output=size / | tail -1 | awk '{ print ($1 > 5.6 * 2^30 ? \"filled\" : $1) }'",
    "/dev/vdb ext4\nfilled",
  ),
  inside(
    "store",
    "drives[]",
    "only a size",
    "blkid -p /dev/vda >/dev/null && echo formatted || echo raw; grep -c vda /etc/fstab /proc/mounts | cut -d: -f2",
    "raw\n0\n0",
  ),
  inside(
    "store",
    "drives[].filesystem",
    "ext4, no mount",
    "blkid -o value -s TYPE /dev/vdh; grep -c vdh /proc/mounts",
    "ext4\n0",
  ),
  inside(
    "store",
    "drives[].mount",
    "/data/below/deep, listed before /data",
    mounted("/data/below/deep"),
    "/dev/vdc ext4\nUUID=… /data/below/deep ext4 defaults,nofail 0 0",
  ),
  inside(
    "store",
    "drives[].filesystem",
    "ext3",
    mounted("/data"),
    /^\/dev\/vdd ext3\nUUID=… \/data ext3 defaults,nofail 0 0/,
  ),
  inside(
    "store",
    "drives[].filesystem",
    "ext2",
    mounted("/mnt/ext2"),
    "/dev/vde ext2\nUUID=… /mnt/ext2 ext2 defaults,nofail 0 0",
  ),
  inside(
    "store",
    "drives[].filesystem",
    "xfs",
    mounted("/mnt/xfs"),
    "/dev/vdf xfs\nUUID=… /mnt/xfs xfs defaults,nofail 0 0",
  ),
  inside(
    "store",
    "drives[].filesystem",
    "btrfs",
    mounted("/mnt/btrfs"),
    "/dev/vdg btrfs\nUUID=… /mnt/btrfs btrfs defaults,nofail 0 0",
  ),
  inside(
    "store",
    "drives[].filesystem",
    "absent, with a mount",
    mounted("/mnt/default"),
    "/dev/vdl ext4\nUUID=… /mnt/default ext4 defaults,nofail 0 0",
  ),
  inside(
    "store",
    "drives[].readOnly",
    "true, empty and mounted",
    `${mounted("/mnt/read-only")}; cat /sys/block/vdi/ro; touch /mnt/read-only/x 2>&1 | grep -o 'Read-only file system'`,
    "/dev/vdi ext4\nUUID=… /mnt/read-only ext4 defaults,nofail,ro 0 0\n1\nRead-only file system",
  ),
  inside(
    "store",
    "drives[].source",
    "oci://…/lab/data:v1, mounted",
    "cat /srv/site/pages/index.html; findmnt -no SOURCE,OPTIONS /srv/site | cut -d, -f1 | tr -s ' '; grep -c /srv/site /etc/fstab",
    "hello from the image\n/dev/vdj rw\n1",
  ),
  inside(
    "store",
    "drives[].source",
    `oci://…/lab/data@${dataDigest.slice(0, 14)}…, not mounted`,
    "blkid -o value -s TYPE /dev/vdk; cat /sys/block/vdk/ro; mount -o ro /dev/vdk /media && cat /media/pages/index.html; umount /media",
    "ext4\n1\nhello from the image",
  ),
  inside(
    "store",
    "drives[]: owner of a new file system",
    "nothing",
    "stat -c %U:%G /data /mnt/xfs /mnt/btrfs | sort -u",
    "root:root",
  ),
  api(
    "drives[].persistent",
    "true",
    notices,
    /^start\/field-without-effect: drive 13 of store: persistent has no effect: all drives survive/m,
  ),
];
