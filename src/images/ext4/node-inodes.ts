import { Problem } from "../../api/problems.ts";
import type { PayloadSource, SymlinkNode, TreeNode } from "../tree.ts";
import type { BlockWriter } from "./block-writer.ts";
import { inodeSeed } from "./crc32c.ts";
import { buildExtentTree, type ExtentTree } from "./extents.ts";
import { writeFileData } from "./file-data.ts";
import { blockSize, type Extent, fileTypeBits, inodeFlags, maxLinks } from "./format.ts";
import { encodeDevice, type InodeFields } from "./inode.ts";
import { type Inventory, pathOf } from "./inventory.ts";
import { encodeXattrs, sealXattrBlock } from "./xattr.ts";

const sectorsPerBlock = blockSize / 512;
/** Targets up to this length live in the inode. */
const maxFastSymlink = 59;
const maxFileBlocks = 0xffff_ffff;

/** A directory whose blocks have been written already. */
export interface PlacedDirectory {
  extents: Extent[];
  blocks: number;
  indexed: boolean;
}

export interface NodeWriterContext {
  inventory: Inventory;
  writer: BlockWriter;
  payloads: PayloadSource;
  filesystemSeed: number;
  directories: ReadonlyMap<number, PlacedDirectory>;
}

/** What the type of a node decides about its inode. */
interface Body {
  body: Uint8Array;
  size: number;
  flags: number;
  /** Blocks outside the inode. */
  blocks: number;
}

/** Writes everything of a node that lies outside its inode, and returns what the inode must say. */
export async function writeNode(node: TreeNode, inode: number, context: NodeWriterContext): Promise<InodeFields> {
  const path = () => pathOf(context.inventory.root, node);
  const { writer, filesystemSeed } = context;
  const content = await writeBody(node, inode, context, path);
  const xattrs = encodeXattrs(node.xattrs, path);
  let xattrBlock = 0;
  if (xattrs.block !== undefined) {
    if (writer.room === 0) await writer.makeRoom();
    sealXattrBlock(xattrs.block, writer.cursor.position, filesystemSeed);
    xattrBlock = await putBlock(writer, xattrs.block);
  }
  return {
    mode: fileTypeBits[node.type] | (node.mode & 0o7777),
    uid: node.uid,
    gid: node.gid,
    size: content.size,
    links: linkCount(node, context.inventory.links[inode] ?? 1, path),
    flags: content.flags,
    time: { seconds: node.mtimeSeconds, nanoseconds: node.mtimeNanoseconds },
    blocks512: (content.blocks + (xattrBlock === 0 ? 0 : 1)) * sectorsPerBlock,
    body: content.body,
    inlineXattrs: xattrs.inline,
    xattrBlock,
  };
}

/** Writes one block and returns its address. */
async function putBlock(writer: BlockWriter, block: Buffer): Promise<number> {
  const [extent] = await writer.put(block);
  return (extent as Extent).physical;
}

/** Body, size and block count of an inode whose data lies in these extents. */
export async function extentBody(
  extents: readonly Extent[],
  size: number,
  inode: number,
  context: Pick<NodeWriterContext, "writer" | "filesystemSeed">,
): Promise<Body> {
  const tree: ExtentTree = await buildExtentTree(extents, inodeSeed(context.filesystemSeed, inode), block =>
    putBlock(context.writer, block),
  );
  const data = extents.reduce((sum, extent) => sum + extent.length, 0);
  return { body: tree.root, size, flags: inodeFlags.extents, blocks: data + tree.indexBlocks };
}

async function writeBody(node: TreeNode, inode: number, context: NodeWriterContext, path: () => string): Promise<Body> {
  switch (node.type) {
    case "file": {
      if (Math.ceil(node.size / blockSize) > maxFileBlocks) {
        throw new Problem("image/unsupported", { message: `${path()} has ${node.size} bytes; ext4 ends at 16 TiB` });
      }
      const extents = await writeFileData(node, context.payloads, context.writer);
      return extentBody(extents, node.size, inode, context);
    }
    case "directory": {
      const directory = context.directories.get(inode);
      if (directory === undefined) throw new Error(`directory ${inode} has not been placed`);
      const body = await extentBody(directory.extents, directory.blocks * blockSize, inode, context);
      return { ...body, flags: body.flags | (directory.indexed ? inodeFlags.index : 0) };
    }
    case "symlink":
      return symlinkBody(node, inode, context, path);
    case "chardev":
    case "blockdev":
      return { body: encodeDevice(node.major, node.minor, path), size: 0, flags: 0, blocks: 0 };
    case "fifo":
      return { body: new Uint8Array(0), size: 0, flags: 0, blocks: 0 };
  }
}

async function symlinkBody(
  node: SymlinkNode,
  inode: number,
  context: NodeWriterContext,
  path: () => string,
): Promise<Body> {
  const { target } = node;
  if (target.length === 0 || target.length >= blockSize) {
    throw new Problem("image/unsupported", {
      message: `${path()} is a symbolic link with a target of ${target.length} bytes; 1 to 4095 are possible`,
    });
  }
  if (target.length <= maxFastSymlink) return { body: target, size: target.length, flags: 0, blocks: 0 };
  const block = Buffer.alloc(blockSize);
  target.copy(block);
  return extentBody(await context.writer.put(block), target.length, inode, context);
}

function linkCount(node: TreeNode, links: number, path: () => string): number {
  if (links <= maxLinks) return links;
  // With dir_nlink a directory's count stops being a count; nothing of the kind exists for files.
  if (node.type === "directory") return 1;
  throw new Problem("image/unsupported", {
    message: `${path()} has ${links} hard links; ext4 allows ${maxLinks} for one file`,
  });
}
