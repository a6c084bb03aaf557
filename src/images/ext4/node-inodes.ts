import { Problem } from "../../api/problems.ts";
import type { SymlinkNode, TreeNode } from "../tree.ts";
import type { BlockWriter } from "./block-writer.ts";
import { inodeSeed } from "./crc32c.ts";
import type { FilePlaces } from "./file-places.ts";
import { buildExtentTree, type ExtentTree } from "./extents.ts";
import { blockSize, type Extent, fileTypeBits, inodeFlags, maxLinks } from "./format.ts";
import { encodeDevice, type InodeFields } from "./inode.ts";
import { type Inventory, pathOf } from "./inventory.ts";
import { encodeXattrs, hashOutsizedValue, type OutsizedValue, sealXattrBlock } from "./xattr.ts";

const sectorsPerBlock = blockSize / 512;
/** Targets up to this length live in the inode. */
const maxFastSymlink = 59;
const maxFileBlocks = 0xffff_ffff;
const nothingOutsized: readonly OutsizedValue[] = [];

/** A directory whose blocks have been written already. */
export interface PlacedDirectory {
  extents: Extent[];
  blocks: number;
  indexed: boolean;
}

export interface NodeWriterContext {
  inventory: Inventory;
  writer: BlockWriter;
  filesystemSeed: number;
  directories: ReadonlyMap<number, PlacedDirectory>;
  files: FilePlaces;
}

/** What the type of a node decides about its inode. */
interface Body {
  body: Uint8Array;
  size: number;
  flags: number;
  /** Blocks outside the inode. */
  blocks: number;
}

/**
 * Writes what lies outside the inode of a node but for directories and the content of files, whose places the context
 * knows, and returns what the inode must say.
 */
export function writeNode(node: TreeNode, inode: number, context: NodeWriterContext): InodeFields {
  const path = () => pathOf(context.inventory.root, node);
  const { writer, filesystemSeed } = context;
  const content = writeBody(node, inode, context, path);
  const outsized = context.inventory.outsizedValues.get(inode) ?? nothingOutsized;
  const xattrs = encodeXattrs(node.xattrs, path, outsized, filesystemSeed);
  // They count twice: in their own inode, and in that of their owner.
  const outsizedBlocks = outsized.reduce((sum, { value }) => sum + Math.ceil(value.length / blockSize), 0);
  let xattrBlock = 0;
  if (xattrs.block !== undefined) {
    if (writer.room === 0) writer.makeRoom();
    sealXattrBlock(xattrs.block, writer.cursor.position, filesystemSeed);
    xattrBlock = putBlock(writer, xattrs.block);
  }
  return {
    mode: fileTypeBits[node.type] | (node.mode & 0o7777),
    uid: node.uid,
    gid: node.gid,
    size: content.size,
    links: linkCount(node, context.inventory.links[inode] ?? 1, path),
    flags: content.flags,
    time: { seconds: node.mtimeSeconds, nanoseconds: node.mtimeNanoseconds },
    blocks512: (content.blocks + outsizedBlocks + (xattrBlock === 0 ? 0 : 1)) * sectorsPerBlock,
    body: content.body,
    inlineXattrs: xattrs.inline,
    xattrBlock,
  };
}

/** The same for the value of an attribute that has an inode of its own. */
export function writeOutsizedValue({ value, inode }: OutsizedValue, context: NodeWriterContext): InodeFields {
  const blocks = Buffer.alloc(Math.ceil(value.length / blockSize) * blockSize);
  value.copy(blocks);
  const content = extentBody(context.writer.put(blocks), value.length, inode, context);
  return {
    mode: fileTypeBits.file | 0o600,
    uid: 0,
    gid: 0,
    size: value.length,
    links: 1,
    flags: content.flags | inodeFlags.eaInode,
    time: { seconds: 0, nanoseconds: 0 },
    valueHash: hashOutsizedValue(value, context.filesystemSeed),
    blocks512: content.blocks * sectorsPerBlock,
    body: content.body,
  };
}

/** Writes one block and returns its address. */
function putBlock(writer: BlockWriter, block: Buffer): number {
  const [extent] = writer.put(block);
  return (extent as Extent).physical;
}

/** Body, size and block count of an inode whose data lies in these extents. */
export function extentBody(
  extents: readonly Extent[],
  size: number,
  inode: number,
  context: Pick<NodeWriterContext, "writer" | "filesystemSeed">,
): Body {
  const seed = () => inodeSeed(context.filesystemSeed, inode);
  const tree: ExtentTree = buildExtentTree(extents, seed, block => putBlock(context.writer, block));
  let data = 0;
  for (const extent of extents) data += extent.length;
  return { body: tree.root, size, flags: inodeFlags.extents, blocks: data + tree.indexBlocks };
}

function writeBody(node: TreeNode, inode: number, context: NodeWriterContext, path: () => string): Body {
  switch (node.type) {
    case "file":
      if (Math.ceil(node.size / blockSize) > maxFileBlocks) {
        throw new Problem("image/unsupported", { message: `${path()} has ${node.size} bytes; ext4 ends at 16 TiB` });
      }
      return extentBody(context.files.extentsOf(inode), node.size, inode, context);
    case "directory": {
      const directory = context.directories.get(inode);
      if (directory === undefined) throw new Error(`directory ${inode} has not been placed`);
      const body = extentBody(directory.extents, directory.blocks * blockSize, inode, context);
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

function symlinkBody(node: SymlinkNode, inode: number, context: NodeWriterContext, path: () => string): Body {
  const { target } = node;
  if (target.length === 0 || target.length >= blockSize) {
    throw new Problem("image/unsupported", {
      message: `${path()} is a symbolic link with a target of ${target.length} bytes; 1 to 4095 are possible`,
    });
  }
  if (target.length <= maxFastSymlink) return { body: target, size: target.length, flags: 0, blocks: 0 };
  const block = Buffer.alloc(blockSize);
  target.copy(block);
  return extentBody(context.writer.put(block), target.length, inode, context);
}

function linkCount(node: TreeNode, links: number, path: () => string): number {
  if (links <= maxLinks) return links;
  // With dir_nlink a directory's count stops being a count; nothing of the kind exists for files.
  if (node.type === "directory") return 1;
  throw new Problem("image/unsupported", {
    message: `${path()} has ${links} hard links; ext4 allows ${maxLinks} for one file`,
  });
}
