import type { FileNode, PayloadReference, PayloadSource } from "../tree.ts";
import type { BlockWriter } from "./block-writer.ts";
import { contentOrder } from "./content-order.ts";
import { appendExtent } from "./extents.ts";
import { FilePlaces } from "./file-places.ts";
import { type BlockRange, blockSize, type Extent } from "./format.ts";
import type { Inventory } from "./inventory.ts";
import { dataBlockRanges } from "./space.ts";

const zeroBlock = new Uint8Array(blockSize);
/** Larger files are copied in pieces, between which others get a turn. */
const largeBytes = 2 ** 20;

/** Writes the content of all files but for its zero blocks, and returns where it is. Waits while too much is unwritten. */
export async function writeContent(
  inventory: Inventory,
  payloads: PayloadSource,
  writer: BlockWriter,
): Promise<FilePlaces> {
  const places = new FilePlaces(inventory.lastNode);
  for (const inode of contentOrder(inventory, payloads)) {
    const file = inventory.nodes[inode] as FileNode;
    const run = writeInOneRun(file, payloads, writer);
    if (run === undefined) places.setExtents(inode, await writeInPieces(file, payloads, writer));
    else places.setRun(inode, run);
    if (writer.file.isBehind) await writer.file.catchUp();
  }
  return places;
}

/** Does nothing and returns undefined unless the file is small, without holes, and has room where it is. */
function writeInOneRun(
  { payload, size }: FileNode,
  payloads: PayloadSource,
  writer: BlockWriter,
): BlockRange | undefined {
  if (payload === undefined || payload.segments !== undefined || size > largeBytes) return undefined;
  const blocks = Math.ceil(size / blockSize);
  if (blocks > writer.room) return undefined;
  const window = writer.window(blocks);
  payloads.read(payload, 0, blocks * blockSize === size ? window : window.subarray(0, size));
  window.fill(0, size);
  for (let index = 0; index < blocks; index++) if (isZero(window, index)) return undefined;
  const start = writer.commit(blocks);
  return { start, end: start + blocks };
}

/** Any other file. */
async function writeInPieces(file: FileNode, payloads: PayloadSource, writer: BlockWriter): Promise<Extent[]> {
  const extents: Extent[] = [];
  const { payload } = file;
  if (payload === undefined) return extents;
  for (const range of dataBlockRanges(file)) {
    for (let logical = range.start; logical < range.end; ) {
      if (writer.room === 0) {
        writer.makeRoom();
        await writer.file.catchUp();
      }
      const blocks = Math.min(writer.room, range.end - logical);
      const window = writer.window(blocks);
      readBlocks(file, payload, payloads, logical, window);
      keepNonZero(writer, window, logical, extents);
      logical += blocks;
    }
  }
  return extents;
}

function readBlocks(
  file: FileNode,
  payload: PayloadReference,
  payloads: PayloadSource,
  logical: number,
  window: Uint8Array,
): void {
  const from = logical * blockSize;
  const bytes = Math.min(window.length, file.size - from);
  payloads.read(payload, from, window.subarray(0, bytes));
  window.fill(0, bytes);
}

/** Moves the blocks that hold something to the front of the window and commits them. */
function keepNonZero(writer: BlockWriter, window: Uint8Array, logical: number, extents: Extent[]): void {
  const blocks = window.length / blockSize;
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

function isZero(window: Uint8Array, index: number): boolean {
  const at = index * blockSize;
  // One look decides for nearly all blocks that hold something.
  if (window[at] !== 0) return false;
  return Buffer.compare(window.subarray(at, at + blockSize), zeroBlock) === 0;
}
