import { Problem } from "../../api/problems.ts";
import { crc32c, crc32cOfWord } from "./crc32c.ts";
import {
  type DirectoryEntry,
  type DirectoryOwner,
  dotEntries,
  entrySizeOf,
  tailSize,
  writeEntry,
  writeLeaf,
} from "./directory-leaf.ts";
import { blockSize } from "./format.ts";
import { halfMd4 } from "./half-md4.ts";

const hashVersionHalfMd4 = 1;
const rootCountOffset = 32;
const nodeCountOffset = 8;
const indexTailSize = 8;
const maxRootEntries = (blockSize - rootCountOffset - indexTailSize) / 8;
const maxNodeEntries = (blockSize - nodeCountOffset - indexTailSize) / 8;
/** Leaves keep an eighth free, so that the first new names do not split every one of them. */
const leafFill = (blockSize * 7) / 8 - tailSize;

/** Hash and index of an entry fit into the 53 bits of a number. */
const maxEntries = 2 ** 22;

/** A block of the level below: it holds the hashes from `hash` on. */
interface IndexEntry {
  hash: number;
  block: number;
}

/**
 * Encodes a directory with an index: root, then (for more than 507 leaves) a level of nodes, then the leaves, whose
 * entries are sorted by hash. They come in the order of their names, which stays that of entries with the same hash.
 * Sorting once, as numbers, is what keeps a directory of 18 000 names cheap.
 */
export function buildIndexedDirectory(entries: readonly DirectoryEntry[], owner: DirectoryOwner): Buffer {
  if (entries.length > maxEntries) throw tooMany(entries);
  const leaves = distribute(entries, owner.hashSeed);
  const nodeCount = leaves.length > maxRootEntries ? Math.ceil(leaves.length / maxNodeEntries) : 0;
  if (nodeCount > maxRootEntries) throw tooMany(entries);
  const firstLeaf = 1 + nodeCount;
  const blocks = Buffer.alloc((firstLeaf + leaves.length) * blockSize);
  const blockAt = (index: number) => blocks.subarray(index * blockSize, (index + 1) * blockSize);
  const leafIndex = leaves.map((leaf, index) => ({ hash: leaf.hash, block: firstLeaf + index }));
  leaves.forEach((leaf, index) => {
    writeLeaf(blockAt(firstLeaf + index), leaf.entries, owner.seed);
  });
  if (nodeCount === 0) {
    writeRoot(blockAt(0), leafIndex, 0, owner);
    return blocks;
  }
  const nodes: IndexEntry[] = [];
  for (let node = 0; node < nodeCount; node++) {
    const part = leafIndex.slice(node * maxNodeEntries, (node + 1) * maxNodeEntries);
    nodes.push({ hash: (part[0] as IndexEntry).hash, block: 1 + node });
    const block = blockAt(1 + node);
    // An unused entry over the whole block hides the index from readers that know only plain directories.
    block.writeUInt16LE(blockSize, 4);
    writeIndex(block, nodeCountOffset, maxNodeEntries, part, owner.seed);
  }
  writeRoot(blockAt(0), nodes, 1, owner);
  return blocks;
}

function tooMany(entries: readonly DirectoryEntry[]): Problem {
  return new Problem("image/unsupported", {
    message: `a directory has ${entries.length} entries, more than an ext4 index of two levels is made for`,
  });
}

interface Leaf {
  hash: number;
  entries: DirectoryEntry[];
}

/** Splits the entries into leaves by ascending hash, those of one hash in their own order. */
function distribute(entries: readonly DirectoryEntry[], hashSeed: Int32Array): Leaf[] {
  const leaves: Leaf[] = [];
  let leaf: DirectoryEntry[] = [];
  let room = 0;
  let previous = 0;
  for (const key of sortedKeys(entries, hashSeed)) {
    const hash = Math.floor(key / maxEntries) * 2;
    const entry = entries[key % maxEntries] as DirectoryEntry;
    const size = entrySizeOf(entry.name);
    if (size > room) {
      leaf = [];
      // The lowest bit says: entries of this very hash began in the leaf before.
      leaves.push({ hash: leaves.length > 0 && hash === previous ? hash + 1 : hash, entries: leaf });
      room = leafFill;
    }
    leaf.push(entry);
    room -= size;
    previous = hash;
  }
  return leaves;
}

/** Hash (without its lowest bit, which is clear) and index of each entry as one number: those sort without a function. */
function sortedKeys(entries: readonly DirectoryEntry[], hashSeed: Int32Array): Float64Array {
  const keys = new Float64Array(entries.length);
  for (let index = 0; index < keys.length; index++) {
    keys[index] = (halfMd4((entries[index] as DirectoryEntry).name, hashSeed) / 2) * maxEntries + index;
  }
  return keys.sort();
}

function writeRoot(block: Buffer, index: readonly IndexEntry[], levels: number, owner: DirectoryOwner): void {
  const [self, parent] = dotEntries(owner) as [DirectoryEntry, DirectoryEntry];
  writeEntry(block, 0, self, 12);
  writeEntry(block, 12, parent, blockSize - 12);
  block.writeUInt8(hashVersionHalfMd4, 28);
  block.writeUInt8(8, 29);
  block.writeUInt8(levels, 30);
  writeIndex(block, rootCountOffset, maxRootEntries, index, owner.seed);
}

function writeIndex(
  block: Buffer,
  countOffset: number,
  limit: number,
  index: readonly IndexEntry[],
  seed: number,
): void {
  index.forEach(({ hash, block: target }, position) => {
    const at = countOffset + position * 8;
    // The first entry covers everything from hash 0 on; its place holds limit and count instead.
    if (position > 0) block.writeUInt32LE(hash, at);
    block.writeUInt32LE(target, at + 4);
  });
  block.writeUInt16LE(limit, countOffset);
  block.writeUInt16LE(index.length, countOffset + 2);
  const tail = countOffset + limit * 8;
  // Entries in use, then the tail's reserved word and its own place, both zero.
  const used = crc32c(seed, block, 0, countOffset + index.length * 8);
  block.writeUInt32LE(crc32cOfWord(crc32cOfWord(used, 0), 0), tail + 4);
}
