import { crc32c } from "./crc32c.ts";
import { blockSize, type Extent } from "./format.ts";

const magic = 0xf30a;
const entrySize = 12;
const entriesInInode = 4;
const extentsPerBlock = Math.floor((blockSize - 4) / entrySize) - 1;
/** Longer runs are told as several; the upper half of the 16 bits marks unwritten ones. */
const maxExtentLength = 32_768;

/** One entry of any level: a run of data, or (length 0) a block with further entries. */
interface Entry {
  logical: number;
  physical: number;
  length: number;
}

export interface ExtentTree {
  /** The 60 bytes in the inode. */
  root: Uint8Array;
  /** Blocks of the tree outside the inode. */
  indexBlocks: number;
}

/** Adds a run to a list, as a longer last run where it continues that one. */
export function appendExtent(extents: Extent[], logical: number, physical: number, length: number): void {
  const last = extents.at(-1);
  if (last !== undefined && last.logical + last.length === logical && last.physical + last.length === physical) {
    last.length += length;
  } else {
    extents.push({ logical, physical, length });
  }
}

/**
 * Builds the extent tree of one inode. Blocks that do not fit the inode go through `writeBlock`, which says where
 * each was put; the deepest level is written first.
 */
export function buildExtentTree(
  extents: readonly Extent[],
  inodeSeed: () => number,
  writeBlock: (block: Buffer) => number,
): ExtentTree {
  let entries = splitLongRuns(extents);
  let depth = 0;
  let indexBlocks = 0;
  while (entries.length > entriesInInode) {
    const parents: Entry[] = [];
    for (let at = 0; at < entries.length; at += extentsPerBlock) {
      const part = entries.slice(at, at + extentsPerBlock);
      const block = Buffer.alloc(blockSize);
      encodeNode(new DataView(block.buffer, block.byteOffset), part, extentsPerBlock, depth);
      const tail = blockSize - 4;
      block.writeUInt32LE(crc32c(inodeSeed(), block, 0, tail), tail);
      parents.push({ logical: (part[0] as Entry).logical, physical: writeBlock(block), length: 0 });
      indexBlocks++;
    }
    entries = parents;
    depth++;
  }
  const root = new Uint8Array(60);
  encodeNode(new DataView(root.buffer), entries, entriesInInode, depth);
  return { root, indexBlocks };
}

/** How many blocks outside the inode a file of so many runs needs. */
export function countIndexBlocks(runs: number): number {
  let total = 0;
  for (let entries = runs; entries > entriesInInode; ) {
    entries = Math.ceil(entries / extentsPerBlock);
    total += entries;
  }
  return total;
}

function splitLongRuns(extents: readonly Extent[]): readonly Entry[] {
  // True of nearly all files.
  if (extents.every(extent => extent.length <= maxExtentLength)) return extents;
  const entries: Entry[] = [];
  for (const { logical, physical, length } of extents) {
    for (let done = 0; done < length; done += maxExtentLength) {
      const part = Math.min(length - done, maxExtentLength);
      entries.push({ logical: logical + done, physical: physical + done, length: part });
    }
  }
  return entries;
}

/** Through a view, whose writes become single instructions: this runs for every file. */
function encodeNode(into: DataView, entries: readonly Entry[], max: number, depth: number): void {
  into.setUint16(0, magic, true);
  into.setUint16(2, entries.length, true);
  into.setUint16(4, max, true);
  into.setUint16(6, depth, true);
  let at = 0;
  for (const { logical, physical, length } of entries) {
    at += entrySize;
    into.setUint32(at, logical, true);
    const low = physical % 2 ** 32;
    const high = Math.floor(physical / 2 ** 32);
    if (depth === 0) {
      into.setUint16(at + 4, length, true);
      into.setUint16(at + 6, high, true);
      into.setUint32(at + 8, low, true);
    } else {
      into.setUint32(at + 4, low, true);
      into.setUint16(at + 8, high, true);
    }
  }
}
