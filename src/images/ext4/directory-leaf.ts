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

/** Writes one entry and returns its length. */
export function writeEntry(block: Buffer, at: number, entry: DirectoryEntry, length: number): number {
  block.writeUInt32LE(entry.inode, at);
  block.writeUInt16LE(length, at + 4);
  block.writeUInt8(entry.name.length, at + 6);
  block.writeUInt8(entry.type, at + 7);
  block.write(entry.name, at + 8, "latin1");
  return length;
}
