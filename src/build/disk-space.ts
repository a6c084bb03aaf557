import { dirname } from "node:path";
import { Problem } from "../api/problems.ts";
import { blockSize } from "../images/ext4/format.ts";
import { measureTree } from "../images/ext4/space.ts";
import { lookUp } from "../images/tree-paths.ts";
import { dataSegments, type FileNode, type Tree, type TreeNode } from "../images/tree.ts";
import type { EngineImage } from "./engine/engine.ts";
import type { BuildPackage } from "./package/open-package.ts";
import { referencesOf } from "./package/references.ts";
import type { BuildScript } from "./script/schema.ts";

const mebibyte = 2 ** 20;
/** Less than any build takes in either place. */
const leastBytes = 8 * mebibyte;
/** What no compressor gains on a root filesystem. */
const bestCompression = 20;

/** How much a user may still write to the filesystem of a directory. */
export type FreeBytes = (directory: string) => Promise<number>;

export interface BuildPlaces {
  /** Absolute path of what is made */
  output: string;
  workDirectory: string;
  freeBytes: FreeBytes;
}

/** `host/disk-full` when what the package brings does not fit; the container's part is not known yet. */
export async function checkSpaceForPackage(
  script: BuildScript,
  opened: BuildPackage,
  places: BuildPlaces,
): Promise<void> {
  let copies = 0;
  let overlays = script.overlays.reduce((sum, { source_inline: text }) => sum + (text?.length ?? 0), 0);
  for (const { path, target } of referencesOf(script)) {
    const node = lookUp(opened.tree, Buffer.from(target).toString("latin1"))?.node;
    const bytes = node === undefined ? 0 : contentBytes(node);
    const isOverlay = path[0] === "overlays";
    if (isOverlay) overlays += bytes;
    if (!isOverlay || script.overlays[path[1] as number]?.mounted) copies += bytes;
  }
  await requireSpace(places, places.workDirectory, leastBytes + copies, "the build");
  await requireSpace(places, dirname(places.output), leastBytes + overlays / shrinkage(script, places), "the output");
}

/** `host/disk-full` when there is no room for the container, which is at least its image. */
export async function checkSpaceForContainer(image: EngineImage, places: BuildPlaces): Promise<void> {
  await requireSpace(places, places.workDirectory, image.sizeBytes ?? 0, "the exported container");
}

/** `host/disk-full` when the output does not fit, before a byte of it is written. */
export async function checkSpaceForOutput(script: BuildScript, tree: Tree, places: BuildPlaces): Promise<void> {
  const { filesystem, output } = script;
  const isImage = (output?.format ?? "image") === "image";
  const isFilled = isImage && (filesystem?.type === "Xfs" || filesystem?.type === "Btrfs");
  let bytes = contentBytes(tree.root);
  if (isFilled || (isImage && filesystem?.type === "Ext4")) bytes = measureTree(tree).demand.blocks * blockSize;
  // They are filled from an ext4 that lies beside them until they are.
  if (isFilled) bytes *= 2;
  await requireSpace(places, dirname(places.output), bytes / shrinkage(script, places), "the output");
}

async function requireSpace(places: BuildPlaces, directory: string, neededBytes: number, what: string): Promise<void> {
  const free = await places.freeBytes(directory);
  if (free >= neededBytes) return;
  const [has, needs] = [Math.floor(free / mebibyte), Math.ceil(neededBytes / mebibyte)];
  throw new Problem("host/disk-full", { message: `${directory} has ${has} MiB free, but ${what} needs ${needs} MiB` });
}

/** How many times smaller than its content the output may become. */
function shrinkage({ filesystem, output }: BuildScript, places: BuildPlaces): number {
  const format = output?.format ?? "image";
  const isCompressed = format === "image" ? filesystem?.type === "Squashfs" : isCompressedTar(format, places.output);
  return isCompressed ? bestCompression : 1;
}

function isCompressedTar(format: string, output: string): boolean {
  return format === "tarball" && /\.(tgz|gz)$/i.test(output);
}

/** Of all files below a node, each once whatever the number of its names. */
function contentBytes(top: TreeNode): number {
  const files = new Set<FileNode>();
  const pending = [top];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (node.type === "file") files.add(node);
    else if (node.type === "directory") pending.push(...node.children.values());
  }
  let bytes = 0;
  for (const file of files) for (const { length } of dataSegments(file)) bytes += length;
  return bytes;
}
