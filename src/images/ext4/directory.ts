import {
  type DirectoryEntry,
  type DirectoryOwner,
  dotEntries,
  dotEntriesSize,
  entrySizeOf,
  tailSize,
  writeLeaf,
} from "./directory-leaf.ts";
import { blockSize } from "./format.ts";
import { buildIndexedDirectory } from "./htree.ts";

export interface DirectoryContent {
  blocks: Buffer;
  /** Has an index (htree): larger than one block. */
  indexed: boolean;
}

/** Encodes a directory: one plain block where its entries fit, else an indexed one. */
export function buildDirectory(entries: readonly DirectoryEntry[], owner: DirectoryOwner): DirectoryContent {
  if (!fitsOneBlock(entries)) return { blocks: buildIndexedDirectory(entries, owner), indexed: true };
  const block = Buffer.alloc(blockSize);
  writeLeaf(block, [...dotEntries(owner), ...entries], owner.seed);
  return { blocks: block, indexed: false };
}

/** An empty directory with room to spare: a filesystem check must be able to fill lost+found without allocating. */
export function buildRoomyDirectory(blockCount: number, owner: DirectoryOwner): DirectoryContent {
  const blocks = Buffer.alloc(blockCount * blockSize);
  for (let index = 0; index < blockCount; index++) {
    const block = blocks.subarray(index * blockSize, (index + 1) * blockSize);
    writeLeaf(block, index === 0 ? dotEntries(owner) : [], owner.seed);
  }
  return { blocks, indexed: false };
}

/** An upper bound of the blocks a directory will take, from its names alone. */
export function countDirectoryBlocks(names: Iterable<string>): number {
  let bytes = dotEntriesSize;
  for (const name of names) bytes += entrySizeOf(name);
  if (bytes <= blockSize - tailSize) return 1;
  // A leaf is closed when the next entry would pass 7/8 of it; an entry has at most 264 bytes.
  const leaves = Math.ceil(bytes / ((blockSize * 7) / 8 - tailSize - 264)) + 1;
  return leaves + Math.ceil(leaves / 500) + 1;
}

function fitsOneBlock(entries: readonly DirectoryEntry[]): boolean {
  let bytes = dotEntriesSize;
  for (const entry of entries) {
    bytes += entrySizeOf(entry.name);
    if (bytes > blockSize - tailSize) return false;
  }
  return true;
}
