import { rm } from "node:fs/promises";
import { Problem } from "../api/problems.ts";
import { formatUuid, identityFrom } from "./ext4/identity.ts";
import { type MeasuredTree, measureTree, requiredBytesFor } from "./ext4/space.ts";
import { writeExt4 } from "./ext4/write-ext4.ts";
import type { BuildFilesystem, Filesystem } from "./filesystem-builder.ts";
import type { PayloadSource, Tree, WriteDriveOptions } from "./tree.ts";

const mebibyte = 2 ** 20;
/** What mkfs accepts, and room for something beside its own structures. */
const smallestDriveBytes: Record<Filesystem, number> = {
  ext2: mebibyte,
  ext3: 8 * mebibyte,
  ext4: mebibyte,
  xfs: 300 * mebibyte,
  btrfs: 128 * mebibyte,
};

export interface WriteAnyDriveOptions extends WriteDriveOptions {
  filesystem: Filesystem;
  build?: BuildFilesystem | undefined;
  /** For the builder: a UUID in place of that of the seed, and what its mkfs is told beside the usual. */
  mkfs?: { uuid?: string; args: readonly string[] };
  /** Of this very tree, when it is known already. */
  measured?: MeasuredTree;
}

/** The size of a drive for this tree when nobody asked for one. */
export function requiredDriveBytes(
  tree: Tree,
  filesystem: Filesystem,
  measured: MeasuredTree = measureTree(tree),
): number {
  const needed = requiredBytesFor(measured);
  // They keep more beside the content than ext4 does: btrfs a second copy of its trees, XFS a larger log.
  const foreign = filesystem === "xfs" || filesystem === "btrfs" ? 96 * mebibyte : 0;
  return Math.max(needed + foreign, smallestDriveBytes[filesystem]);
}

/**
 * Writes a tree as a drive of the wanted filesystem: ext4 directly, the others through an ext4 beside it and a builder.
 *
 * What WriteDriveOptions says holds; the ext4 beside it is gone in any case. Rejects with
 * `image/unsupported-filesystem` when there is no builder or the drive is too small for its kind.
 */
export async function writeDrive(tree: Tree, payloads: PayloadSource, options: WriteAnyDriveOptions): Promise<void> {
  const { filesystem, build, mkfs, path, sizeBytes, seed, signal, onProgress } = options;
  if (filesystem === "ext4") {
    await writeExt4(tree, payloads, options);
    return;
  }
  if (build === undefined) {
    throw new Problem("image/unsupported-filesystem", {
      message: `a drive with content was asked for as ${filesystem}, and there is nothing here to make it with`,
    });
  }
  if (sizeBytes < smallestDriveBytes[filesystem]) {
    throw new Problem("image/unsupported-filesystem", {
      message: `${filesystem} needs a drive of ${smallestDriveBytes[filesystem] / mebibyte} MiB, not ${sizeBytes / mebibyte} MiB`,
    });
  }
  const source = `${path}.ext4`;
  const measured = options.measured ?? measureTree(tree);
  const totalBytes = requiredBytesFor(measured);
  try {
    await writeExt4(tree, payloads, {
      path: source,
      sizeBytes: totalBytes,
      seed,
      measured,
      ...(signal ? { signal } : {}),
    });
    await build({
      source,
      target: path,
      filesystem,
      sizeBytes,
      uuid: mkfs?.uuid ?? formatUuid(identityFrom(seed, "").uuid),
      ...(mkfs === undefined ? {} : { mkfsArguments: mkfs.args }),
      keepLostAndFound: tree.root.children.has("lost+found"),
      ...(signal ? { signal } : {}),
      onProgress: writtenBytes => onProgress?.(Math.min(writtenBytes, totalBytes), totalBytes),
    });
  } finally {
    await rm(source, { force: true });
  }
}
