/** Numbers of the on-disk format that more than one file needs. */

export const blockSize = 4096;
export const blocksPerGroup = 32_768;
export const groupsPerFlex = 16;
export const inodeSize = 256;
export const inodesPerBlock = blockSize / inodeSize;
export const descriptorSize = 64;
export const descriptorsPerBlock = blockSize / descriptorSize;

export const rootInode = 2;
export const resizeInode = 7;
export const journalInode = 8;
export const lostAndFoundInode = 11;
/** Numbers below belong to the filesystem itself. */
export const firstFreeInode = 11;

/** More names than this for one inode is an error; more subdirectories make the count meaningless (1). */
export const maxLinks = 65_000;
export const maxNameBytes = 255;

export const fileTypeBits = {
  fifo: 0x1000,
  chardev: 0x2000,
  directory: 0x4000,
  blockdev: 0x6000,
  file: 0x8000,
  symlink: 0xa000,
} as const;

export const inodeFlags = { index: 0x1000, extents: 0x8_0000, eaInode: 0x20_0000 } as const;

/**
 * The time of everything the image says nothing about (journal, our own lost+found, the superblock): a constant,
 * because two conversions must give equal bytes, and in the past, because e2fsck distrusts the future.
 */
export const fixedTimeSeconds = Date.UTC(2020, 0, 1) / 1000;

/** A run of blocks of a file: `length` blocks from `logical` on are stored from `physical` on. */
export interface Extent {
  logical: number;
  physical: number;
  length: number;
}

/** Half-open range of block numbers. */
export interface BlockRange {
  start: number;
  end: number;
}
