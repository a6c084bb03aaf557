import { open } from "node:fs/promises";
import { run } from "../host/process.ts";
import type { DrivePlan } from "../plan/plan.ts";

export interface FormatOptions {
  filesystem: NonNullable<DrivePlan["filesystem"]>;
  sizeBytes: number;
  uuid: string;
  /** For mkfs, beside the usual ones. Nothing here checks them. */
  mkfsArguments?: readonly string[];
  signal: AbortSignal;
}

/**
 * Makes a sparse file with an empty file system that belongs to root, without mounting anything.
 *
 * What is left at `path` when this rejects is for the caller to remove.
 */
export async function createFormatted(path: string, options: FormatOptions): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.truncate(options.sizeBytes);
  } finally {
    await file.close();
  }
  await run([...formatCommand(options), ...(options.mkfsArguments ?? []), path], {
    signal: options.signal,
    timeoutMs: 5 * 60_000,
  });
}

/** The file is all zeros, so nothing has to be discarded or zeroed first. */
function formatCommand({ filesystem, uuid }: FormatOptions): string[] {
  switch (filesystem) {
    case "ext2":
    case "ext3":
    case "ext4":
      // Without root_owner the top directory would belong to whoever runs this.
      return ["mke2fs", "-q", "-F", "-t", filesystem, "-U", uuid, "-E", "root_owner=0:0,nodiscard"];
    case "xfs":
      return ["mkfs.xfs", "-q", "-K", "-m", `uuid=${uuid}`];
    case "btrfs":
      return ["mkfs.btrfs", "-q", "--nodiscard", "--uuid", uuid];
  }
}

/** MiB that the tools really write: once, and for each GiB of the drive. Measured from 1 to 100 GiB, rounded up. */
const formatCostMiB: Record<FormatOptions["filesystem"], { once: number; perGiB: number }> = {
  // Their inode tables are written at once; those of ext4 are left to the kernel.
  ext2: { once: 2, perGiB: 17 },
  ext3: { once: 66, perGiB: 21 },
  ext4: { once: 66, perGiB: 5 },
  xfs: { once: 66, perGiB: 0 },
  btrfs: { once: 6, perGiB: 0 },
};

/** What `createFormatted` takes of the host's disk, at most. */
export function formatCostBytes(filesystem: FormatOptions["filesystem"], sizeBytes: number): number {
  const { once, perGiB } = formatCostMiB[filesystem];
  return Math.ceil(once * 1024 ** 2 + (perGiB * sizeBytes) / 1024);
}
