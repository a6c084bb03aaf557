import { Problem } from "../../api/problems.ts";
import { dataSegments, type FileNode, type PayloadReference, type Tree, type TreeNode } from "../tree.ts";
import { countDirectoryBlocks } from "./directory.ts";
import { countIndexBlocks } from "./extents.ts";
import { type BlockRange, blockSize, blocksPerGroup } from "./format.ts";
import { type Inventory, takeInventory } from "./inventory.ts";
import { type Layout, planLayout } from "./layout.ts";

const mebibyte = 2 ** 20;
/** Above this the table of group descriptors would leave no room for its own growth. */
const maxSizeBytes = 8 * 2 ** 40;
export const lostAndFoundBlocks = 4;
const inlineXattrBytes = 88;

/** What a tree takes: an upper bound, because zero blocks inside files are only found when they are read. */
export interface Demand {
  entries: number;
  blocks: number;
  /** Blocks of file content among them. */
  fileBlocks: number;
}

export function measure(inventory: Inventory): Demand {
  let blocks = lostAndFoundBlocks;
  let fileBlocks = 0;
  let entries = 0;
  for (const node of inventory.nodes) {
    if (node === undefined) continue;
    entries++;
    blocks += xattrBlocks(node);
    if (node.type === "directory") blocks += countDirectoryBlocks(node.children.keys());
    if (node.type === "symlink" && node.target.length > 59) blocks++;
    if (node.type !== "file" || node.payload === undefined) continue;
    const { data, pieces } = countDataBlocks(node, node.payload);
    fileBlocks += data;
    blocks += data + countIndexBlocks(pieces + Math.ceil(data / blocksPerGroup) + 1);
  }
  for (const values of inventory.outsizedValues.values()) {
    entries += values.length;
    // A value is at most 16 blocks, cut at most once: its extents fit the inode.
    for (const { value } of values) blocks += Math.ceil(value.length / blockSize);
  }
  return { entries, blocks, fileBlocks };
}

function countDataBlocks(file: FileNode, { segments }: PayloadReference): { data: number; pieces: number } {
  // Nearly all files are one piece; this runs for each of them.
  if (segments === undefined) return { data: Math.ceil(file.size / blockSize), pieces: 1 };
  const ranges = dataBlockRanges(file);
  return { data: ranges.reduce((sum, range) => sum + range.end - range.start, 0), pieces: ranges.length };
}

/** The blocks of a file in which bytes are stored, merged and ascending; all others are holes. */
export function dataBlockRanges(file: FileNode): BlockRange[] {
  const ranges: BlockRange[] = [];
  for (const segment of dataSegments(file)) {
    if (segment.length === 0) continue;
    const start = Math.floor(segment.logicalOffset / blockSize);
    const end = Math.ceil((segment.logicalOffset + segment.length) / blockSize);
    const last = ranges.at(-1);
    if (last !== undefined && last.end >= start) last.end = Math.max(last.end, end);
    else ranges.push({ start, end });
  }
  return ranges;
}

/** The layout of a drive of this size, or `image/too-big-for-drive` with the size that would do. */
export function planFor(demand: Demand, sizeBytes: number, inodeCount?: number): Layout {
  if (sizeBytes > maxSizeBytes) {
    throw new Problem("image/unsupported", {
      message: `a drive of ${formatSize(sizeBytes)} was asked for; drives with a source can have ${formatSize(maxSizeBytes)}`,
    });
  }
  const layout = planLayout(sizeBytes, demand.entries, inodeCount);
  if (layout !== undefined && freeBlocks(layout) >= demand.blocks) return layout;
  const needed = smallestSize(demand, 0);
  throw new Problem("image/too-big-for-drive", {
    message: `the content needs a drive of at least ${formatSize(needed)}, but the drive has ${formatSize(sizeBytes)}`,
    details: [{ neededBytes: needed, availableBytes: sizeBytes, entries: demand.entries }],
  });
}

/**
 * The size of a drive for this tree when nobody asked for one: content, metadata and journal, and the larger of 10 %
 * and 64 MiB free. A multiple of 1 MiB.
 */
export function requiredBytes(tree: Tree): number {
  return requiredBytesFor(measureTree(tree));
}

/** A tree, numbered and measured once for all who need it; worthless when the tree has changed. */
export interface MeasuredTree {
  inventory: Inventory;
  demand: Demand;
}

export function measureTree(tree: Tree): MeasuredTree {
  const inventory = takeInventory(tree);
  return { inventory, demand: measure(inventory) };
}

/** See `requiredBytes`. */
export function requiredBytesFor({ demand }: MeasuredTree): number {
  return smallestSize(demand, Math.max(Math.ceil(demand.blocks / 10), (64 * mebibyte) / blockSize));
}

function smallestSize(demand: Demand, spareBlocks: number): number {
  const wanted = demand.blocks + spareBlocks;
  let size = Math.ceil((wanted * blockSize) / mebibyte) * mebibyte;
  for (;;) {
    const layout = planLayout(size, demand.entries);
    const missing = layout === undefined ? 1 : wanted - freeBlocks(layout);
    if (missing <= 0) return size;
    size += Math.ceil((missing * blockSize) / mebibyte) * mebibyte;
  }
}

/** Blocks for content: what metadata, journal and the resize inode leave, less one per place where a file is cut. */
function freeBlocks(layout: Layout): number {
  const metadata = layout.metadata.reduce((sum, range) => sum + range.end - range.start, 0);
  const journalIndex = countIndexBlocks(Math.ceil(layout.journalBlocks / blocksPerGroup) + layout.metadata.length);
  return layout.blockCount - metadata - layout.journalBlocks - journalIndex - 1 - layout.metadata.length;
}

function xattrBlocks(node: TreeNode): number {
  if (node.xattrs.size === 0) return 0;
  let bytes = 0;
  for (const [name, value] of node.xattrs) bytes += 16 + name.length + 3 + value.length + 3;
  return bytes > inlineXattrBytes ? 1 : 0;
}

function formatSize(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${units[power]}`;
}
