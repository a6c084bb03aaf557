import type { TarEntry } from "../tar/tar-entry.ts";
import { emptyDirectory, type DirectoryNode, type Tree, type TreeNode } from "../tree.ts";
import { LayerError, quote, splitEntryPath, type Warn } from "./entry-path.ts";
import { nodeFrom } from "./entry-node.ts";
import { directoryOf, type Whiteout, whiteoutOf } from "./whiteout.ts";

/** Docker and containerd give up after as many. */
const maxLinks = 255;

type Member =
  | { kind: "node"; parts: string[]; node: TreeNode }
  | { kind: "hardlink"; parts: string[]; entry: TarEntry };

export interface LayerContentOptions {
  /** Index in the payload source. */
  layer: number;
  warn: Warn;
  /** There is nothing below: members go into this empty tree as they come. */
  bottomOf?: Tree;
}

/**
 * What one layer does to the layers below it, as the OCI image specification says. Members are prepared as they come
 * and put into the tree when all are known. After a LayerError, from either step, the tree must be dropped.
 */
export class LayerContent {
  readonly #options: LayerContentOptions;
  readonly #whiteouts: Whiteout[] = [];
  readonly #members: Member[] = [];

  constructor(options: LayerContentOptions) {
    this.#options = options;
  }

  add(entry: TarEntry): void {
    const { layer, warn, bottomOf } = this.#options;
    const parts = splitEntryPath(entry.path);
    const whiteout = whiteoutOf(parts);
    if (whiteout !== undefined) {
      if (whiteout.kind === "ignored") warn(`${quote(parts.join("/"))} was ignored`);
      else this.#whiteouts.push(whiteout);
      return;
    }
    const member: Member =
      entry.type === "hardlink"
        ? { kind: "hardlink", parts, entry }
        : { kind: "node", parts, node: nodeFrom(entry, layer, warn) };
    if (bottomOf === undefined || !addMember(bottomOf, member, warn)) this.#members.push(member);
  }

  applyTo(tree: Tree): void {
    const { warn, bottomOf } = this.#options;
    // Whiteouts act on lower layers only, whatever their place in the archive: before the first addition.
    if (bottomOf === undefined) removeAll(tree, this.#whiteouts, warn);
    // A link may stand before its original; those wait until everything else is there.
    const early = this.#members.filter(member => !addMember(tree, member, warn));
    for (const member of early) {
      if (addMember(tree, member, warn) || member.kind === "node") continue;
      const { path, linkPath } = member.entry;
      throw new LayerError(`${quote(path)} is a hard link to ${quote(linkPath)}, which does not exist`);
    }
  }
}

/** Docker and containerd refuse a whiteout below what the same layer removes; it merely has nothing left to do. */
function removeAll(tree: Tree, whiteouts: readonly Whiteout[], warn: Warn): void {
  const isThere = (whiteout: Whiteout) => findDirectory(tree, directoryOf(whiteout)) !== undefined;
  const inLowerLayers = whiteouts.length > 1 ? whiteouts.filter(isThere) : [];
  for (const whiteout of whiteouts) remove(tree, whiteout);
  for (const whiteout of inLowerLayers) {
    if (!isThere(whiteout)) warn(`there are whiteouts in ${quote(directoryOf(whiteout).join("/"))}, which is removed`);
  }
}

function remove(tree: Tree, whiteout: Whiteout): void {
  if (whiteout.kind === "opaque") findDirectory(tree, whiteout.directory)?.children.clear();
  if (whiteout.kind === "removal") {
    findDirectory(tree, whiteout.path.slice(0, -1))?.children.delete(whiteout.path.at(-1) as string);
  }
}

/** False when it is a hard link whose original does not exist (yet). */
function addMember(tree: Tree, member: Member, warn: Warn): boolean {
  if (member.kind === "hardlink") return addHardLink(tree, member.parts, member.entry, warn);
  addNode(tree, member.parts, member.node, warn);
  return true;
}

function addNode(tree: Tree, parts: string[], node: TreeNode, warn: Warn): void {
  if (parts.length === 0) {
    if (node.type !== "directory") throw new LayerError("the root of the image is not a directory");
    takeMetadata(tree.root, node);
    return;
  }
  const parent = ensureDirectory(tree, parts.slice(0, -1), warn);
  const name = parts.at(-1) as string;
  const existing = parent.children.get(name);
  if (existing?.type === "directory" && node.type === "directory") takeMetadata(existing, node);
  else parent.children.set(name, node);
}

/** False when the original does not exist (yet). */
function addHardLink(tree: Tree, parts: string[], entry: TarEntry, warn: Warn): boolean {
  const target = splitEntryPath(entry.linkPath);
  const original = findDirectory(tree, target.slice(0, -1))?.children.get(target.at(-1) ?? "");
  if (original === undefined) return false;
  if (original.type === "directory") {
    throw new LayerError(`${quote(entry.path)} is a hard link to the directory ${quote(entry.linkPath)}`);
  }
  if (parts.length === 0) throw new LayerError("the root of the image is not a directory");
  ensureDirectory(tree, parts.slice(0, -1), warn).children.set(parts.at(-1) as string, original);
  return true;
}

/** Metadata is replaced as a whole, never united: an attribute that the new entry lacks is gone. */
function takeMetadata(directory: DirectoryNode, from: DirectoryNode): void {
  const { mode, uid, gid, mtimeSeconds, mtimeNanoseconds, xattrs } = from;
  Object.assign(directory, { mode, uid, gid, mtimeSeconds, mtimeNanoseconds, xattrs });
}

function findDirectory(tree: Tree, parts: readonly string[]): DirectoryNode | undefined {
  return resolveDirectory(tree, parts, () => undefined);
}

/** The directory at this path; missing ones are made, and a lower file in the way is replaced. */
function ensureDirectory(tree: Tree, parts: readonly string[], warn: Warn): DirectoryNode {
  const directory = resolveDirectory(tree, parts, (parent, name, inTheWay) => {
    if (inTheWay) warn(`${quote(name)} was a file and became a directory, because ${quote(parts.join("/"))} needs it`);
    const made = emptyDirectory();
    parent.children.set(name, made);
    return made;
  });
  return directory as DirectoryNode;
}

/**
 * Walks to a directory, following symlinks inside the root (".." stops there). `make` decides what happens where no
 * directory is: it returns one or gives up with undefined.
 */
function resolveDirectory(
  tree: Tree,
  parts: readonly string[],
  make: (parent: DirectoryNode, name: string, inTheWay: boolean) => DirectoryNode | undefined,
): DirectoryNode | undefined {
  const trail: DirectoryNode[] = [tree.root];
  // Last component first, so that the next one is popped.
  const pending = parts.toReversed();
  let links = 0;
  while (pending.length > 0) {
    const name = pending.pop() as string;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (trail.length > 1) trail.pop();
      continue;
    }
    const parent = trail.at(-1) as DirectoryNode;
    const node = parent.children.get(name);
    if (node?.type === "symlink") {
      if (++links > maxLinks) throw new LayerError(`too many symbolic links on the way to ${quote(parts.join("/"))}`);
      const target = node.target.toString("latin1");
      if (target.startsWith("/")) trail.length = 1;
      pending.push(...target.split("/").reverse());
      continue;
    }
    const directory = node?.type === "directory" ? node : make(parent, name, node !== undefined);
    if (directory === undefined) return undefined;
    trail.push(directory);
  }
  return trail.at(-1);
}
