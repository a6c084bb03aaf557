import type { FileNode, PayloadReference, PayloadSource } from "../tree.ts";
import type { BlockWriter } from "./block-writer.ts";
import { appendExtent } from "./extents.ts";
import { blockSize, type Extent } from "./format.ts";
import { dataBlockRanges } from "./space.ts";

const zeroBlock = Buffer.alloc(blockSize);
/** Between so many bytes others get a turn, and the disk may catch up. */
const largeBytes = 2 ** 20;

export const isLarge = (file: FileNode) => (file.payload?.length ?? 0) > largeBytes;

/** Writes the content of a file, leaves its zero blocks out, and returns where the rest is. */
export function writeFileData(file: FileNode, payloads: PayloadSource, writer: BlockWriter): Extent[] {
  const extents: Extent[] = [];
  for (const _ of copyPieces(file, payloads, writer, extents));
  return extents;
}

/** The same for a file of any size: it waits while too much is unwritten. */
export async function writeLargeFileData(
  file: FileNode,
  payloads: PayloadSource,
  writer: BlockWriter,
): Promise<Extent[]> {
  const extents: Extent[] = [];
  for (const _ of copyPieces(file, payloads, writer, extents)) await writer.file.catchUp();
  return extents;
}

function* copyPieces(
  file: FileNode,
  payloads: PayloadSource,
  writer: BlockWriter,
  extents: Extent[],
): Generator<undefined, void, undefined> {
  if (file.payload === undefined) return;
  for (const range of dataBlockRanges(file)) {
    for (let logical = range.start; logical < range.end; ) {
      if (writer.room === 0) {
        writer.makeRoom();
        yield;
      }
      const blocks = Math.min(writer.room, range.end - logical);
      const window = writer.window();
      readBlocks(file, file.payload, payloads, logical, window, blocks);
      keepNonZero(writer, window, logical, blocks, extents);
      logical += blocks;
    }
  }
}

function readBlocks(
  file: FileNode,
  payload: PayloadReference,
  payloads: PayloadSource,
  logical: number,
  window: Buffer,
  blocks: number,
): void {
  const from = logical * blockSize;
  const bytes = Math.min(blocks * blockSize, file.size - from);
  payloads.read(payload, from, window.subarray(0, bytes));
  if (bytes < blocks * blockSize) window.fill(0, bytes, blocks * blockSize);
}

/** Moves the blocks that hold something to the front of the window and commits them. */
function keepNonZero(writer: BlockWriter, window: Buffer, logical: number, blocks: number, extents: Extent[]): void {
  let kept = 0;
  for (let index = 0; index < blocks; ) {
    if (isZero(window, index)) {
      index++;
      continue;
    }
    const start = index;
    while (index < blocks && !isZero(window, index)) index++;
    if (kept !== start) window.copyWithin(kept * blockSize, start * blockSize, index * blockSize);
    appendExtent(extents, logical + start, writer.commit(index - start), index - start);
    kept += index - start;
  }
}

function isZero(window: Buffer, index: number): boolean {
  const at = index * blockSize;
  // One look decides for nearly all blocks that hold something.
  if (window[at] !== 0) return false;
  return window.compare(zeroBlock, 0, blockSize, at, at + blockSize) === 0;
}
