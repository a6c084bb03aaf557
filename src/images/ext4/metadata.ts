import type { BlockWriter, PositionedFile } from "./block-writer.ts";
import {
  blockSize,
  blocksPerGroup,
  type Extent,
  fileTypeBits,
  fixedTimeSeconds,
  journalInode,
  resizeInode,
} from "./format.ts";
import { buildGroupTable } from "./group-descriptors.ts";
import type { Identity } from "./identity.ts";
import type { InodeTableWriter } from "./inode-table.ts";
import type { Inventory } from "./inventory.ts";
import { encodeJournalSuperblock } from "./journal.ts";
import { hasBackup, type Layout } from "./layout.ts";
import { extentBody, type NodeWriterContext } from "./node-inodes.ts";
import { buildResizeInode } from "./resize-inode.ts";
import { encodeSuperblock, type SuperblockFields } from "./superblock.ts";

const ownedByTheFilesystem = {
  mode: fileTypeBits.file | 0o600,
  uid: 0,
  gid: 0,
  links: 1,
  time: { seconds: fixedTimeSeconds, nanoseconds: 0 },
};

/** Takes the journal's blocks and writes its first one. Without room for a journal: no extents. */
export async function placeJournal(
  layout: Layout,
  identity: Identity,
  writer: BlockWriter,
  file: PositionedFile,
): Promise<Extent[]> {
  const extents = writer.cursor.takePieces(layout.journalBlocks);
  const [first] = extents;
  if (first === undefined) return [];
  await file.write(encodeJournalSuperblock(layout.journalBlocks, identity.uuid), first.physical * blockSize);
  return extents;
}

export function putJournalInode(
  layout: Layout,
  extents: readonly Extent[],
  table: InodeTableWriter,
  context: NodeWriterContext,
): SuperblockFields["journal"] {
  if (extents.length === 0) return undefined;
  const content = extentBody(extents, layout.journalBlocks * blockSize, journalInode, context);
  table.put(journalInode, { ...ownedByTheFilesystem, ...content, blocks512: (content.blocks * blockSize) / 512 });
  return { body: Buffer.from(content.body), size: content.size };
}

export async function putResizeInode(
  layout: Layout,
  doubleIndirectBlock: number,
  table: InodeTableWriter,
  file: PositionedFile,
): Promise<void> {
  const { doubleIndirect, indirect, indirectStart, blocks512, size } = buildResizeInode(layout);
  await file.write(doubleIndirect, doubleIndirectBlock * blockSize);
  await file.write(indirect, indirectStart * blockSize);
  const body = Buffer.alloc(60);
  body.writeUInt32LE(doubleIndirectBlock, 13 * 4);
  table.put(resizeInode, { ...ownedByTheFilesystem, flags: 0, size, blocks512, body });
}

/** Writes bitmaps, descriptors and their copies, and the superblock last. */
export async function writeGroups(
  layout: Layout,
  identity: Identity,
  journal: SuperblockFields["journal"],
  inventory: Inventory,
  dataEnd: number,
  reservedPercent: number,
  file: PositionedFile,
): Promise<{ freeBlocks: number }> {
  const bitmaps: Array<{ block: number; bitmap: Buffer }> = [];
  const directoriesByGroup = countDirectories(layout, inventory);
  const usage = { dataEnd, lastInode: inventory.lastInode, directoriesByGroup };
  const { descriptors, freeBlocks, freeInodes } = buildGroupTable(
    layout,
    usage,
    identity.filesystemSeed,
    (block, bitmap) => bitmaps.push({ block, bitmap }),
  );
  for (const { block, bitmap } of bitmaps) await file.write(bitmap, block * blockSize);
  const reservedBlocks = Math.floor((layout.blockCount * reservedPercent) / 100);
  const hasOutsizedXattrs = inventory.outsizedValues.size > 0;
  const fields: SuperblockFields = {
    layout,
    hasOutsizedXattrs,
    ...identity,
    freeBlocks,
    freeInodes,
    reservedBlocks,
    journal,
  };
  for (let group = layout.groupCount - 1; group >= 0; group--) {
    if (!hasBackup(group)) continue;
    const start = group * blocksPerGroup * blockSize;
    await file.write(descriptors, start + blockSize);
    // The first 1024 bytes of the drive belong to a boot loader; copies begin at their group.
    await file.write(encodeSuperblock(fields, group), start + (group === 0 ? 1024 : 0));
  }
  return { freeBlocks };
}

function countDirectories(layout: Layout, inventory: Inventory): Uint32Array {
  const counts = new Uint32Array(layout.groupCount);
  for (const inode of inventory.parents.keys()) {
    const group = Math.floor((inode - 1) / layout.inodesPerGroup);
    counts[group] = (counts[group] as number) + 1;
  }
  return counts;
}
