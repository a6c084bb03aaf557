import { BlockUsage, encodeBlockBitmap, encodeInodeBitmap, usedInodesOf } from "./bitmaps.ts";
import { crc32c, crc32cOfWord } from "./crc32c.ts";
import { blockSize, blocksPerGroup, descriptorSize } from "./format.ts";
import { blocksInGroup, hasBackup, type Layout, superblockBlocks } from "./layout.ts";

const flags = { inodeUninit: 1, blockUninit: 2, inodeZeroed: 4 } as const;

export interface Usage {
  /** Every block below is in use. */
  dataEnd: number;
  /** Highest inode in use. */
  lastInode: number;
  /** Directories among the inodes of each group. */
  directoriesByGroup: Uint32Array;
}

export interface GroupTable {
  /** The descriptor table, whole blocks. */
  descriptors: Buffer;
  freeBlocks: number;
  freeInodes: number;
}

/**
 * Builds the descriptor table and passes every bitmap that must be on the disk to `emit`.
 *
 * Groups in which nothing is used are marked uninitialised and their bitmaps left out; all inode tables are marked
 * as zeroed (a new file reads as zeros), or the kernel would write zeros over them after the first mount.
 */
export function buildGroupTable(
  layout: Layout,
  usage: Usage,
  filesystemSeed: number,
  emit: (block: number, bitmap: Buffer) => void,
): GroupTable {
  const descriptors = Buffer.alloc(layout.descriptorBlocks * blockSize);
  const blockUsage = new BlockUsage(layout, usage.dataEnd);
  let freeBlocks = 0;
  let freeInodes = 0;
  for (const [group, place] of layout.groups.entries()) {
    const blocks = blocksInGroup(layout, group);
    const ranges = blockUsage.rangesOf(group);
    const groupFreeBlocks = blocks - ranges.reduce((sum, range) => sum + range.end - range.start, 0);
    const usedInodes = usedInodesOf(layout, group, usage.lastInode);
    const groupFreeInodes = layout.inodesPerGroup - usedInodes;
    freeBlocks += groupFreeBlocks;
    freeInodes += groupFreeInodes;
    let flag: number = flags.inodeZeroed;
    let blockSum = 0;
    let inodeSum = 0;
    if (onlyBackup(layout, group, blocks - groupFreeBlocks)) {
      flag |= flags.blockUninit;
    } else {
      const bitmap = encodeBlockBitmap(ranges, blocks);
      blockSum = crc32c(filesystemSeed, bitmap, 0, blocksPerGroup / 8);
      emit(place.blockBitmap, bitmap);
    }
    if (usedInodes === 0) {
      flag |= flags.inodeUninit;
    } else {
      const bitmap = encodeInodeBitmap(usedInodes, layout.inodesPerGroup);
      inodeSum = crc32c(filesystemSeed, bitmap, 0, layout.inodesPerGroup / 8);
      emit(place.inodeBitmap, bitmap);
    }
    const at = group * descriptorSize;
    writeSplit32(descriptors, at, 0x00, 0x20, place.blockBitmap);
    writeSplit32(descriptors, at, 0x04, 0x24, place.inodeBitmap);
    writeSplit32(descriptors, at, 0x08, 0x28, place.inodeTable);
    writeSplit16(descriptors, at, 0x0c, 0x2c, groupFreeBlocks);
    writeSplit16(descriptors, at, 0x0e, 0x2e, groupFreeInodes);
    writeSplit16(descriptors, at, 0x10, 0x30, usage.directoriesByGroup[group] ?? 0);
    descriptors.writeUInt16LE(flag, at + 0x12);
    writeSplit16(descriptors, at, 0x18, 0x38, blockSum);
    writeSplit16(descriptors, at, 0x1a, 0x3a, inodeSum);
    // Inodes above the last used one need no look at all.
    writeSplit16(descriptors, at, 0x1c, 0x32, groupFreeInodes);
    const checksum = crc32c(crc32cOfWord(filesystemSeed, group), descriptors, at, at + descriptorSize);
    descriptors.writeUInt16LE(checksum & 0xffff, at + 0x1e);
  }
  return { descriptors, freeBlocks, freeInodes };
}

/** The kernel can work out the bitmap of such a group by itself. The last group keeps a real one, as mke2fs does. */
function onlyBackup(layout: Layout, group: number, usedBlocks: number): boolean {
  if (group === layout.groupCount - 1) return false;
  return usedBlocks === (hasBackup(group) ? superblockBlocks(layout) : 0);
}

function writeSplit32(into: Buffer, at: number, low: number, high: number, value: number): void {
  into.writeUInt32LE(value % 2 ** 32, at + low);
  into.writeUInt32LE(Math.floor(value / 2 ** 32), at + high);
}

function writeSplit16(into: Buffer, at: number, low: number, high: number, value: number): void {
  into.writeUInt16LE(value & 0xffff, at + low);
  into.writeUInt16LE(value >>> 16, at + high);
}
