import { crc32c } from "./crc32c.ts";
import { blockSize } from "./format.ts";

export interface DirectoryEntry {
  /** latin1, one character a byte */
  name: string;
  inode: number;
  type: number;
}

/** File types as directory entries tell them. */
export const entryTypes = {
  file: 1,
  directory: 2,
  chardev: 3,
  blockdev: 4,
  fifo: 5,
  symlink: 7,
} as const;

/** The checksum's place at the end of every block, in the shape of an unused entry. */
export const tailSize = 12;
/** "." and "..", 12 bytes each. */
export const dotEntriesSize = 24;

export function entrySizeOf(name: string): number {
  return (8 + name.length + 3) & ~3;
}

export interface DirectoryOwner {
  inode: number;
  parent: number;
  /** Checksum seed of the directory's inode. */
  seed: number;
  hashSeed: Int32Array;
}

export function dotEntries(owner: DirectoryOwner): DirectoryEntry[] {
  return [
    { name: ".", inode: owner.inode, type: entryTypes.directory },
    { name: "..", inode: owner.parent, type: entryTypes.directory },
  ];
}

/** Fills one block with entries and its checksum. The last entry reaches to the checksum. */
export function writeLeaf(block: Buffer, entries: readonly DirectoryEntry[], seed: number): void {
  const end = blockSize - tailSize;
  let at = 0;
  let last = -1;
  for (const entry of entries) {
    last = at;
    at += writeEntry(block, at, entry, entrySizeOf(entry.name));
  }
  if (last < 0) block.writeUInt16LE(end, 4);
  else block.writeUInt16LE(end - last, last + 4);
  block.writeUInt16LE(tailSize, end + 4);
  block.writeUInt8(0xde, end + 7);
  block.writeUInt32LE(crc32c(seed, block, 0, end), end + 8);
}

/** Writes one entry and returns its length. Byte by byte: for short names that is the quickest, and there are many. */
export function writeEntry(
  block: Uint8Array,
  at: number,
  { inode, type, name }: DirectoryEntry,
  length: number,
): number {
  block[at] = inode;
  block[at + 1] = inode >>> 8;
  block[at + 2] = inode >>> 16;
  block[at + 3] = inode >>> 24;
  block[at + 4] = length;
  block[at + 5] = length >>> 8;
  block[at + 6] = name.length;
  block[at + 7] = type;
  for (let index = 0; index < name.length; index++) block[at + 8 + index] = name.charCodeAt(index);
  return length;
}
