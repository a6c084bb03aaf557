import { type FileHandle, open } from "node:fs/promises";
import { Problem } from "../../api/problems.ts";
import type { DirectoryNode, PayloadSource, Tree, TreeNode, WriteDriveOptions, WriteDriveResult } from "../tree.ts";
import { BlockWriter, PositionedFile } from "./block-writer.ts";
import { buildDirectory, buildRoomyDirectory } from "./directory.ts";
import { type DirectoryEntry, entryTypes } from "./directory-leaf.ts";
import { writeContent } from "./file-data.ts";
import { blockSize, lostAndFoundInode, maxNameBytes } from "./format.ts";
import { directoryOwner, formatUuid, type Identity, identityFrom } from "./identity.ts";
import { InodeTableWriter } from "./inode-table.ts";
import { type Inventory, pathOf } from "./inventory.ts";
import { placeJournal, putJournalInode, putResizeInode, writeGroups } from "./metadata.ts";
import { type NodeWriterContext, type PlacedDirectory, writeNode, writeOutsizedValue } from "./node-inodes.ts";
import { lostAndFoundBlocks, type MeasuredTree, measureTree, planFor } from "./space.ts";

const progressEveryMs = 250;

export interface WriteExt4Result extends WriteDriveResult {
  inodeCount: number;
  uuid: string;
}

/** What only ext4 has; everything may be left out. */
export interface WriteExt4Options extends WriteDriveOptions {
  /** 16 bytes; default derived from the seed */
  uuid?: Buffer;
  /** At least this many, default one per 16 KiB or twice as many as there are files */
  inodeCount?: number;
  /** Of all blocks, kept for root; default 0 */
  reservedPercent?: number;
  /** Of this very tree, when it is known already. */
  measured?: MeasuredTree;
}

/**
 * Writes a tree as a complete, writable ext4 filesystem into a new sparse file of exactly `sizeBytes`.
 *
 * When this resolves the file is on the disk and passes e2fsck; the same tree, seed, size and label give the same
 * bytes, wherever the payloads are unless their source tells an order (`placeOf`). Rejects with
 * `image/too-big-for-drive` before anything is created when the tree does not fit. After any other failure,
 * cancellation included, the unfinished file is closed and left to the caller.
 */
export async function writeExt4(
  tree: Tree,
  payloads: PayloadSource,
  options: WriteExt4Options,
): Promise<WriteExt4Result> {
  const { inventory, demand } = options.measured ?? measureTree(tree);
  const layout = planFor(demand, options.sizeBytes, options.inodeCount);
  const identity = identityFrom(options.seed, options.label ?? "", options.uuid);
  const handle = await open(options.path, "wx", 0o644);
  try {
    await handle.truncate(options.sizeBytes);
    const file = new PositionedFile(handle, options.signal);
    const report = throttledProgress(options.onProgress, demand.fileBlocks * blockSize);
    const writer = new BlockWriter(layout, file, report);
    try {
      const table = new InodeTableWriter(layout, file, identity.filesystemSeed);
      const doubleIndirect = writer.cursor.take(1);
      const journalExtents = await placeJournal(layout, identity, writer, file);
      const directories = await writeDirectories(inventory, identity, writer);
      const files = await writeContent(inventory, payloads, writer);
      const context: NodeWriterContext = {
        inventory,
        writer,
        directories,
        files,
        filesystemSeed: identity.filesystemSeed,
      };

      table.put(2, writeNode(inventory.root, 2, context));
      await putResizeInode(layout, doubleIndirect, table, file);
      const journal = putJournalInode(layout, journalExtents, table, context);
      for (let inode = 11; inode <= inventory.lastNode; inode++) {
        const node = inventory.nodes[inode];
        if (node === undefined) continue;
        table.put(inode, writeNode(node, inode, context));
        if (file.isBehind) await file.catchUp();
      }
      for (const value of [...inventory.outsizedValues.values()].flat()) {
        table.put(value.inode, writeOutsizedValue(value, context));
        if (file.isBehind) await file.catchUp();
      }
      table.finish();
      writer.flush();
      await file.finish();
      const { freeBlocks } = await writeGroups(
        layout,
        identity,
        journal,
        inventory,
        writer.cursor.position,
        options.reservedPercent ?? 0,
        file,
      );
      await syncFile(handle, options.signal);
      options.onProgress?.(demand.fileBlocks * blockSize, demand.fileBlocks * blockSize);
      return {
        usedBytes: (layout.blockCount - freeBlocks) * blockSize,
        inodeCount: layout.inodeCount,
        uuid: formatUuid(identity.uuid),
      };
    } finally {
      await file.finish().catch(() => undefined);
    }
  } finally {
    await handle.close();
  }
}

async function syncFile(handle: FileHandle, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await handle.sync();
  signal?.throwIfAborted();
}

/** All directories, before any file content: close together they are read quickly. */
async function writeDirectories(
  inventory: Inventory,
  identity: Identity,
  writer: BlockWriter,
): Promise<Map<number, PlacedDirectory>> {
  const placed = new Map<number, PlacedDirectory>();
  for (const inode of inventory.parents.keys()) {
    const node = inventory.nodes[inode] as DirectoryNode;
    const owner = directoryOwner(identity, inode, inventory.parents.get(inode) ?? inode);
    const content =
      inode === lostAndFoundInode && node.children.size === 0
        ? buildRoomyDirectory(lostAndFoundBlocks, owner)
        : buildDirectory(entriesOf(node, inode, inventory), owner);
    const extents = writer.put(content.blocks);
    if (writer.file.isBehind) await writer.file.catchUp();
    placed.set(inode, { extents, blocks: content.blocks.length / blockSize, indexed: content.indexed });
  }
  return placed;
}

function entriesOf(directory: DirectoryNode, inode: number, inventory: Inventory): DirectoryEntry[] {
  return (inventory.names.get(inode) ?? []).map(name => {
    if (!isName(name)) {
      throw new Problem("image/bad-layer", {
        message: `${pathOf(inventory.root, directory)} has an entry whose name cannot exist: ${JSON.stringify(name.slice(0, 80))} (${name.length} bytes)`,
      });
    }
    const node = directory.children.get(name) as TreeNode;
    return { name, inode: inventory.inodeOf(node), type: entryTypes[node.type] };
  });
}

function isName(name: string): boolean {
  if (name.length === 0 || name.length > maxNameBytes || name === "." || name === "..") return false;
  return !name.includes("/") && !name.includes("\0");
}

function throttledProgress(
  onProgress: WriteDriveOptions["onProgress"],
  totalBytes: number,
): (writtenBytes: number) => void {
  if (onProgress === undefined) return () => undefined;
  let last = 0;
  return writtenBytes => {
    const now = Date.now();
    if (now - last < progressEveryMs) return;
    last = now;
    onProgress(Math.min(writtenBytes, totalBytes), totalBytes);
  };
}
