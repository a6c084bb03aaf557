import {
  type BlockRange,
  blockSize,
  blocksPerGroup,
  descriptorsPerBlock,
  firstFreeInode,
  groupsPerFlex,
  inodesPerBlock,
} from "./format.ts";

const bytesPerInode = 16_384;
const maxInodesPerGroup = blockSize * 8;
/** One indirect block of the resize inode points to the reserved descriptor blocks. */
const maxReservedDescriptorBlocks = blockSize / 4;
/** Smaller filesystems keep room for growth to this size too: a small base image ends up on a large drive. */
const growthFloorBlocks = 2 ** 40 / blockSize;
/** As mke2fs: a last group that could hold less than this beside its metadata is left out. */
const usefulGroupBlocks = 50;

/** Where the metadata of one group lives (with flex_bg: mostly in the first group of sixteen). */
export interface GroupPlace {
  blockBitmap: number;
  inodeBitmap: number;
  inodeTable: number;
}

/** Every size and every fixed address of one filesystem, decided before a byte is written. */
export interface Layout {
  blockCount: number;
  groupCount: number;
  inodesPerGroup: number;
  inodeCount: number;
  inodeTableBlocks: number;
  descriptorBlocks: number;
  reservedDescriptorBlocks: number;
  /** 0: too small for one */
  journalBlocks: number;
  groups: GroupPlace[];
  /** Blocks that belong to superblocks, descriptors, bitmaps and inode tables; ascending, merged. */
  metadata: BlockRange[];
}

/**
 * Plans a filesystem of at most `sizeBytes` for `entryCount` files, or undefined when not even its own metadata
 * fits. `inodeCount` is a wish: it is rounded up to whole blocks of each group, and never too few for the files.
 * A last group too small to be useful is left out, so it may be up to 128 MiB smaller than asked.
 */
export function planLayout(sizeBytes: number, entryCount: number, inodeCount?: number): Layout | undefined {
  let blockCount = Math.floor(sizeBytes / blockSize);
  // The resize inode holds 32-bit block numbers.
  if (blockCount < 64 || blockCount > 0xffff_ffff) return undefined;
  for (;;) {
    const sizes = groupSizes(blockCount, entryCount, inodeCount);
    if (sizes === undefined) return undefined;
    const last = sizes.groupCount - 1;
    const rest = blockCount % blocksPerGroup;
    const needed = 2 + sizes.inodeTableBlocks + (hasBackup(last) ? superblockBlocks(sizes) : 0) + usefulGroupBlocks;
    if (rest === 0 || rest >= needed) return place(blockCount, sizes);
    if (last === 0) return undefined;
    blockCount -= rest;
  }
}

type Sizes = Omit<Layout, "groups" | "metadata" | "blockCount">;

function groupSizes(blockCount: number, entryCount: number, inodeWish?: number): Sizes | undefined {
  const groupCount = Math.ceil(blockCount / blocksPerGroup);
  const wanted =
    inodeWish === undefined
      ? Math.max(Math.floor((blockCount * blockSize) / bytesPerInode), 2 * entryCount + firstFreeInode)
      : Math.max(inodeWish, entryCount + firstFreeInode);
  const inodesPerGroup = Math.min(roundUp(Math.ceil(wanted / groupCount), inodesPerBlock), maxInodesPerGroup);
  const inodeCount = inodesPerGroup * groupCount;
  if (inodeCount < entryCount + firstFreeInode || inodeCount > 0xffff_ffff) return undefined;
  const descriptorBlocks = Math.ceil(groupCount / descriptorsPerBlock);
  const grownBlocks = Math.min(Math.max(blockCount * 1024, growthFloorBlocks), 0xffff_ffff);
  const grownDescriptorBlocks = Math.ceil(Math.ceil(grownBlocks / blocksPerGroup) / descriptorsPerBlock);
  return {
    groupCount,
    inodesPerGroup,
    inodeCount,
    inodeTableBlocks: inodesPerGroup / inodesPerBlock,
    descriptorBlocks,
    reservedDescriptorBlocks: Math.min(grownDescriptorBlocks - descriptorBlocks, maxReservedDescriptorBlocks),
    journalBlocks: journalSize(blockCount),
  };
}

/** As mke2fs chooses it. */
function journalSize(blockCount: number): number {
  const mebibyte = 2 ** 20 / blockSize;
  if (blockCount < 8 * mebibyte) return 0;
  if (blockCount < 128 * mebibyte) return 4 * mebibyte;
  if (blockCount < 1024 * mebibyte) return 16 * mebibyte;
  for (const [below, journal] of [
    [2, 32],
    [16, 64],
    [32, 128],
    [64, 256],
    [128, 512],
  ] as const) {
    if (blockCount < below * 1024 * mebibyte) return journal * mebibyte;
  }
  return 1024 * mebibyte;
}

/** True for the groups that carry a copy of superblock and descriptors: 0, 1 and the powers of 3, 5 and 7. */
export function hasBackup(group: number): boolean {
  if (group <= 1) return true;
  return [3, 5, 7].some(base => {
    let power = base;
    while (power < group) power *= base;
    return power === group;
  });
}

/** Superblock, descriptors and the blocks reserved for more descriptors. */
export function superblockBlocks(layout: Pick<Layout, "descriptorBlocks" | "reservedDescriptorBlocks">): number {
  return 1 + layout.descriptorBlocks + layout.reservedDescriptorBlocks;
}

/** How many blocks of the filesystem lie in this group: all 32768 but for the last one. */
export function blocksInGroup(layout: Layout, group: number): number {
  return Math.min(blocksPerGroup, layout.blockCount - group * blocksPerGroup);
}

function place(blockCount: number, sizes: Sizes): Layout | undefined {
  const backups: BlockRange[] = [];
  for (let group = 0; group < sizes.groupCount; group++) {
    const start = group * blocksPerGroup;
    if (hasBackup(group)) backups.push({ start, end: start + superblockBlocks(sizes) });
  }
  const groups: GroupPlace[] = [];
  const taken: BlockRange[] = [...backups];
  let nextBackup = 0;
  for (let first = 0; first < sizes.groupCount; first += groupsPerFlex) {
    const count = Math.min(groupsPerFlex, sizes.groupCount - first);
    let at = first * blocksPerGroup;
    const take = (blocks: number) => {
      // With many inodes per group the tables flow over into groups that have a backup: step over it.
      while (nextBackup < backups.length && (backups[nextBackup] as BlockRange).end <= at) nextBackup++;
      for (let index = nextBackup; index < backups.length; index++) {
        const backup = backups[index] as BlockRange;
        if (backup.start >= at + blocks) break;
        at = backup.end;
      }
      const start = at;
      at += blocks;
      taken.push({ start, end: at });
      return start;
    };
    const blockBitmaps = Array.from({ length: count }, () => take(1));
    const inodeBitmaps = Array.from({ length: count }, () => take(1));
    for (let index = 0; index < count; index++) {
      groups.push({
        blockBitmap: blockBitmaps[index] as number,
        inodeBitmap: inodeBitmaps[index] as number,
        inodeTable: take(sizes.inodeTableBlocks),
      });
    }
    if (at > blockCount) return undefined;
  }
  return { blockCount, ...sizes, groups, metadata: mergeRanges(taken) };
}

function mergeRanges(ranges: BlockRange[]): BlockRange[] {
  const merged: BlockRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last !== undefined && last.end >= range.start) last.end = Math.max(last.end, range.end);
    else merged.push({ ...range });
  }
  return merged;
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
