import { crc32c } from "./crc32c.ts";
import {
  blockSize,
  blocksPerGroup,
  descriptorSize,
  firstFreeInode,
  fixedTimeSeconds,
  groupsPerFlex,
  inodeSize,
  journalInode,
} from "./format.ts";
import type { Layout } from "./layout.ts";

const superblockSize = 1024;

/**
 * Known to every kernel from 5.10 on; newer ones (orphan_file, metadata_csum_seed) would lock the older out.
 */
const features = {
  compat: { hasJournal: 0x4, extAttr: 0x8, resizeInode: 0x10, dirIndex: 0x20 },
  incompat: { filetype: 0x2, extents: 0x40, bit64: 0x80, flexBg: 0x200 },
  readOnlyCompat: {
    sparseSuper: 0x1,
    largeFile: 0x2,
    hugeFile: 0x8,
    dirNlink: 0x20,
    extraIsize: 0x40,
    metadataCsum: 0x400,
  },
} as const;

/** Only where an attribute's value has an inode of its own; kernels from 4.13 on know it. */
const eaInodeFeature = 0x400;
const signedDirectoryHash = 1;
const halfMd4 = 1;
const checksumCrc32c = 1;
const defaultMountUserXattrAndAcl = 0x0c;
const backupTypeInodeBlocks = 1;

export interface SuperblockFields {
  layout: Layout;
  uuid: Buffer;
  hashSeed: Int32Array;
  label: string;
  freeBlocks: number;
  freeInodes: number;
  /** Only root may use the last of the free blocks. 0 unless asked for: on a lab's drive they would only be missing. */
  reservedBlocks: number;
  /** i_block of the journal's inode and its size, for repair; undefined without journal. */
  journal: { body: Buffer; size: number } | undefined;
  hasOutsizedXattrs: boolean;
}

/** Encodes the superblock of the copy that lies in `group` (0: the primary one). */
export function encodeSuperblock(fields: SuperblockFields, group: number): Buffer {
  const { layout, journal } = fields;
  const block = Buffer.alloc(superblockSize);
  const u32 = (value: number, at: number) => block.writeUInt32LE(value % 2 ** 32, at);
  const u16 = (value: number, at: number) => block.writeUInt16LE(value, at);
  const u8 = (value: number, at: number) => block.writeUInt8(value, at);

  u32(layout.inodeCount, 0x00);
  u32(layout.blockCount, 0x04);
  u32(fields.reservedBlocks, 0x08);
  u32(fields.freeBlocks, 0x0c);
  u32(fields.freeInodes, 0x10);
  u32(Math.log2(blockSize / 1024), 0x18);
  u32(Math.log2(blockSize / 1024), 0x1c);
  u32(blocksPerGroup, 0x20);
  u32(blocksPerGroup, 0x24);
  u32(layout.inodesPerGroup, 0x28);
  u32(fixedTimeSeconds, 0x30);
  u16(0xffff, 0x36); // no check after so many mounts
  u16(0xef53, 0x38);
  u16(1, 0x3a); // clean
  u16(1, 0x3c); // on errors: continue
  u32(fixedTimeSeconds, 0x40);
  u32(1, 0x4c); // revision with the fields below
  u32(firstFreeInode, 0x54);
  u16(inodeSize, 0x58);
  u16(group, 0x5a);
  u32(allOf(features.compat) & ~(journal === undefined ? features.compat.hasJournal : 0), 0x5c);
  u32(allOf(features.incompat) | (fields.hasOutsizedXattrs ? eaInodeFeature : 0), 0x60);
  u32(allOf(features.readOnlyCompat), 0x64);
  fields.uuid.copy(block, 0x68);
  block.write(fields.label, 0x78, 16, "utf8");
  u16(layout.reservedDescriptorBlocks, 0xce);
  fields.hashSeed.forEach((word, index) => {
    block.writeInt32LE(word, 0xec + index * 4);
  });
  u8(halfMd4, 0xfc);
  u16(descriptorSize, 0xfe);
  u32(defaultMountUserXattrAndAcl, 0x100);
  u32(fixedTimeSeconds, 0x108);
  if (journal !== undefined) {
    u32(journalInode, 0xe0);
    u8(backupTypeInodeBlocks, 0xfd);
    journal.body.copy(block, 0x10c);
    u32(Math.floor(journal.size / 2 ** 32), 0x148);
    u32(journal.size, 0x14c);
  }
  u32(Math.floor(fields.reservedBlocks / 2 ** 32), 0x154);
  u16(32, 0x15c); // every inode has at least this much extra, and new ones get it
  u16(32, 0x15e);
  u32(signedDirectoryHash, 0x160);
  u8(Math.log2(groupsPerFlex), 0x174);
  u8(checksumCrc32c, 0x175);
  u32(crc32c(0xffff_ffff, block, 0, superblockSize - 4), superblockSize - 4);
  return block;
}

function allOf(bits: Readonly<Record<string, number>>): number {
  return Object.values(bits).reduce((all, bit) => all | bit, 0);
}
