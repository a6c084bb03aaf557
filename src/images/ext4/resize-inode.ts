import { blockSize, blocksPerGroup } from "./format.ts";
import { hasBackup, type Layout } from "./layout.ts";

const pointersPerBlock = blockSize / 4;

/** The pieces of the inode that owns the blocks reserved for further group descriptors, so that it can grow online. */
export interface ResizeInode {
  /** Double indirect block: points to the reserved blocks of group 0. */
  doubleIndirect: Buffer;
  /** The reserved blocks of group 0, in order: each lists its own copies in the groups with backups. */
  indirect: Buffer;
  /** Where `indirect` begins. */
  indirectStart: number;
  blocks512: number;
  size: number;
}

export function buildResizeInode(layout: Layout): ResizeInode {
  const { descriptorBlocks, reservedDescriptorBlocks: reserved } = layout;
  const doubleIndirect = Buffer.alloc(blockSize);
  const indirect = Buffer.alloc(reserved * blockSize);
  const indirectStart = 1 + descriptorBlocks;
  const backups: number[] = [];
  for (let group = 1; group < layout.groupCount; group++) if (hasBackup(group)) backups.push(group);
  for (let index = 0; index < reserved; index++) {
    const block = indirectStart + index;
    // A descriptor block keeps its number as its place here, also past the end of the table.
    doubleIndirect.writeUInt32LE(block, ((descriptorBlocks + index) % pointersPerBlock) * 4);
    backups.forEach((group, slot) => {
      indirect.writeUInt32LE(block + group * blocksPerGroup, index * blockSize + slot * 4);
    });
  }
  return {
    doubleIndirect,
    indirect,
    indirectStart,
    blocks512: (1 + reserved * (1 + backups.length)) * (blockSize / 512),
    // Everything up to the end of what one double indirect block can reach.
    size: (pointersPerBlock ** 2 + pointersPerBlock + 12) * blockSize,
  };
}
