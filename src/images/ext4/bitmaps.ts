import { type BlockRange, blockSize, blocksPerGroup, firstFreeInode } from "./format.ts";
import { blocksInGroup, type Layout } from "./layout.ts";

/** Sets the bits [start, end); the first bit is the lowest of its byte. */
function setBits(bitmap: Buffer, start: number, end: number): void {
  let at = start;
  for (; at < end && (at & 7) !== 0; at++) setBit(bitmap, at);
  const bytesEnd = end & ~7;
  if (bytesEnd > at) {
    bitmap.fill(0xff, at >>> 3, bytesEnd >>> 3);
    at = bytesEnd;
  }
  for (; at < end; at++) setBit(bitmap, at);
}

function setBit(bitmap: Buffer, bit: number): void {
  bitmap[bit >>> 3] = (bitmap[bit >>> 3] as number) | (1 << (bit & 7));
}

/** The used blocks of every group, from the two facts that decide it: metadata ranges and how far data reaches. */
export class BlockUsage {
  readonly #layout: Layout;
  readonly #used: BlockRange[];
  #index = 0;

  /** Every block below `dataEnd` is in use. */
  constructor(layout: Layout, dataEnd: number) {
    this.#layout = layout;
    this.#used = [{ start: 0, end: dataEnd }, ...layout.metadata.filter(range => range.end > dataEnd)];
  }

  /** Used ranges of a group, relative to its start. Groups must be asked for in ascending order. */
  rangesOf(group: number): BlockRange[] {
    const start = group * blocksPerGroup;
    const end = start + blocksInGroup(this.#layout, group);
    const ranges: BlockRange[] = [];
    while (this.#index < this.#used.length && (this.#used[this.#index] as BlockRange).end <= start) this.#index++;
    let covered = start;
    for (let index = this.#index; index < this.#used.length; index++) {
      const range = this.#used[index] as BlockRange;
      if (range.start >= end) break;
      const from = Math.max(range.start, covered);
      const to = Math.min(range.end, end);
      if (from < to) ranges.push({ start: from - start, end: to - start });
      covered = Math.max(covered, to);
    }
    return ranges;
  }
}

/** Bits of blocks that do not exist are set, so that nobody takes them. */
export function encodeBlockBitmap(ranges: readonly BlockRange[], blocks: number): Buffer {
  const bitmap = Buffer.alloc(blockSize);
  for (const { start, end } of ranges) setBits(bitmap, start, end);
  setBits(bitmap, blocks, blocksPerGroup);
  return bitmap;
}

/** Inodes are numbered without gaps, so a group's bitmap is one run. */
export function encodeInodeBitmap(used: number, inodesPerGroup: number): Buffer {
  const bitmap = Buffer.alloc(blockSize);
  setBits(bitmap, 0, used);
  setBits(bitmap, inodesPerGroup, blockSize * 8);
  return bitmap;
}

/** How many inodes of a group are in use when the highest one in use is `lastInode`. */
export function usedInodesOf(layout: Layout, group: number, lastInode: number): number {
  const used = Math.max(lastInode, firstFreeInode - 1) - group * layout.inodesPerGroup;
  return Math.min(Math.max(used, 0), layout.inodesPerGroup);
}
