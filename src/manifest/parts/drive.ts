import type { z } from "zod";
import { choice, flag, part, text } from "../field.ts";

const filesystems = ["ext4", "ext3", "ext2", "xfs", "btrfs"] as const;

export const snapshotSchema = part(
  {
    id: text("Identifier of the snapshot.", { code: "manifest/snapshot-reference" }),
    leaseId: text("Echoed, otherwise ignored.").optional(),
  },
  "Written by saving a stopped play as a playground; not written by hand.",
  { noun: "snapshot", code: "manifest/snapshot-reference" },
);

export const driveSchema = part(
  {
    source: text(
      "What the drive starts from: a named image, `oci://host/repository:tag` (also by digest) or `snapshot`. Required for the root drive.",
      { code: "manifest/drive-source", default: "an empty drive" },
    ).optional(),
    mount: text(
      "Absolute mount point, at most 4095 bytes, each component at most 255. Exactly one drive of a machine has `/`.",
      {
        code: "manifest/drive-mount",
        default: "not mounted",
      },
    ).optional(),
    size: text("Virtual size, `1GiB` to `100GiB`; at most `240GiB` for the whole playground.", {
      form: "size",
      default: "`10GiB` for the root drive, `5GiB` for others",
    }).optional(),
    filesystem: choice(filesystems, "Filesystem the drive gets when it is formatted.", {
      code: "manifest/drive-filesystem",
      default: "`ext4` when the drive has a mount; otherwise an empty drive stays raw",
    }).optional(),
    readOnly: flag("Attach the drive read-only; not possible for the root drive.", { default: "false" }).optional(),
    persistent: flag("Kept and echoed; all drives survive stop and restart.").optional(),
    snapshot: snapshotSchema.optional(),
  },
  "A drive of a machine; drives appear as /dev/vda, /dev/vdb, … in list order.",
  {
    noun: "drive",
    misspellings: {
      format: "filesystem",
      fs: "filesystem",
      fsType: "filesystem",
      image: "source",
      rootfs: "source",
    },
  },
);

export type Drive = z.infer<typeof driveSchema>;
