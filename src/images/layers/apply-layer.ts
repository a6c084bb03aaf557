import type { TarEntry } from "../tar/tar-entry.ts";
import { emptyDirectory, type DirectoryNode, type Tree, type TreeNode } from "../tree.ts";
import { LayerError, quote, splitEntryPath, type Warn } from "./entry-path.ts";
import { nodeFrom } from "./entry-node.ts";
import type { LayerCosts } from "./image-budget.ts";
import { directoryOf, type Whiteout, whiteoutOf } from "./whiteout.ts";

/** Docker and containerd give up after as many. */
const maxLinks = 255;
/** Of directories. A path has fewer components; links could still lead from the end of one to another. */
const maxDepth = 1024;
/** What a component of a path takes besides its characters while it is kept. */
const componentBytes = 32;
/** The same for an extended attribute. */
const xattrOverheadBytes = 256;

type Member =
  | { kind: "node"; parts: string[]; node: TreeNode }
  | { kind: "hardlink"; parts: string[]; path: string; linkPath: string };

interface Target {
  tree: Tree;
  warn: Warn;
  costs: LayerCosts;
}

export interface LayerContentOptions {
  /** Index in the payload source. */
  layer: number;
  warn: Warn;
  costs: LayerCosts;
  /** There is nothing below: members go into this empty tree as they come. */
  bottomOf?: Tree;
}

/**
 * What one layer does to the layers below it, as the OCI image specification says. Members are prepared as they come
 * and put into the tree when all are known. After a LayerError or a BudgetError, from either step, the tree must be
 * dropped.
 */
export class LayerContent {
  readonly #options: LayerContentOptions;
  readonly #whiteouts: Whiteout[] = [];
  readonly #members: Member[] = [];

  constructor(options: LayerContentOptions) {
    this.#options = options;
  }

  add(entry: TarEntry): void {
    const { layer, warn, costs, bottomOf } = this.#options;
    costs.add("files", 1);
    costs.add("nameBytes", entry.path.length + entry.linkPath.length);
    const parts = splitEntryPath(entry.path);
    const whiteout = whiteoutOf(parts);
    if (whiteout !== undefined) {
      if (whiteout.kind === "ignored") warn(`${quote(parts.join("/"))} was ignored`);
      else {
        costs.add("nameBytes", parts.length * componentBytes);
        this.#whiteouts.push(whiteout);
      }
      return;
    }
    const member = memberFrom(entry, parts, layer, warn);
    if (member.kind === "node") chargeFor(member.node, costs);
    if (bottomOf !== undefined && addMember({ tree: bottomOf, warn, costs }, member)) return;
    costs.add("nameBytes", parts.length * componentBytes);
    this.#members.push(member);
  }

  applyTo(tree: Tree): void {
    const { warn, costs, bottomOf } = this.#options;
    const target = { tree, warn, costs };
    // Whiteouts act on lower layers only, whatever their place in the archive: before the first addition.
    if (bottomOf === undefined) removeAll(target, this.#whiteouts);
    // A link may stand before its original; those wait until everything else is there.
    const early = this.#members.filter(member => !addMember(target, member));
    for (const member of early) {
      if (addMember(target, member) || member.kind === "node") continue;
      const { path, linkPath } = member;
      throw new LayerError(`${quote(path)} is a hard link to ${quote(linkPath)}, which does not exist`);
    }
  }
}

function memberFrom(entry: TarEntry, parts: string[], layer: number, warn: Warn): Member {
  // Not the entry, which could bring attributes that nobody has counted.
  if (entry.type === "hardlink") return { kind: "hardlink", parts, path: entry.path, linkPath: entry.linkPath };
  return { kind: "node", parts, node: nodeFrom(entry, layer, warn) };
}

/** What a node takes besides its place in the tree. */
function chargeFor(node: TreeNode, costs: LayerCosts): void {
  for (const [name, value] of node.xattrs) costs.add("xattrBytes", name.length + value.length + xattrOverheadBytes);
  const segments = node.type === "file" ? node.payload?.segments : undefined;
  if (segments !== undefined) costs.add("segments", segments.length);
}

/** Docker and containerd refuse a whiteout below what the same layer removes; it merely has nothing left to do. */
function removeAll(target: Target, whiteouts: readonly Whiteout[]): void {
  const isThere = (whiteout: Whiteout) => findDirectory(target, directoryOf(whiteout)) !== undefined;
  const inLowerLayers = whiteouts.length > 1 ? whiteouts.filter(isThere) : [];
  for (const whiteout of whiteouts) remove(target, whiteout);
  for (const whiteout of inLowerLayers) {
    if (!isThere(whiteout))
      target.warn(`there are whiteouts in ${quote(directoryOf(whiteout).join("/"))}, which is removed`);
  }
}

function remove(target: Target, whiteout: Whiteout): void {
  if (whiteout.kind === "opaque") findDirectory(target, whiteout.directory)?.children.clear();
  if (whiteout.kind === "removal") {
    findDirectory(target, whiteout.path.slice(0, -1))?.children.delete(whiteout.path.at(-1) as string);
  }
}

/** False when it is a hard link whose original does not exist (yet). */
function addMember(target: Target, member: Member): boolean {
  if (member.kind === "hardlink") return addHardLink(target, member);
  addNode(target, member.parts, member.node);
  return true;
}

function addNode(target: Target, parts: string[], node: TreeNode): void {
  if (parts.length === 0) {
    if (node.type !== "directory") throw new LayerError("the root of the image is not a directory");
    takeMetadata(target.tree.root, node);
    return;
  }
  const parent = ensureDirectory(target, parts.slice(0, -1));
  const name = parts.at(-1) as string;
  const existing = parent.children.get(name);
  if (existing?.type === "directory" && node.type === "directory") takeMetadata(existing, node);
  else parent.children.set(name, node);
}

/** False when the original does not exist (yet). */
function addHardLink(target: Target, { parts, path, linkPath }: Member & { kind: "hardlink" }): boolean {
  const linked = splitEntryPath(linkPath);
  const original = findDirectory(target, linked.slice(0, -1))?.children.get(linked.at(-1) ?? "");
  if (original === undefined) return false;
  if (original.type === "directory") {
    throw new LayerError(`${quote(path)} is a hard link to the directory ${quote(linkPath)}`);
  }
  if (parts.length === 0) throw new LayerError("the root of the image is not a directory");
  ensureDirectory(target, parts.slice(0, -1)).children.set(parts.at(-1) as string, original);
  return true;
}

/** Metadata is replaced as a whole, never united: an attribute that the new entry lacks is gone. */
function takeMetadata(directory: DirectoryNode, from: DirectoryNode): void {
  const { mode, uid, gid, mtimeSeconds, mtimeNanoseconds, xattrs } = from;
  Object.assign(directory, { mode, uid, gid, mtimeSeconds, mtimeNanoseconds, xattrs });
}

function findDirectory(target: Target, parts: readonly string[]): DirectoryNode | undefined {
  return resolveDirectory(target, parts, () => undefined);
}

/** The directory at this path; missing ones are made, and a lower file in the way is replaced. */
function ensureDirectory(target: Target, parts: readonly string[]): DirectoryNode {
  const { warn, costs } = target;
  const directory = resolveDirectory(target, parts, (parent, name, inTheWay) => {
    if (inTheWay) warn(`${quote(name)} was a file and became a directory, because ${quote(parts.join("/"))} needs it`);
    costs.add("files", 1);
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
  { tree, costs }: Target,
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
      // A path could be followed through the same long links for each of a million members.
      costs.add("nameBytes", node.target.length);
      const target = node.target.toString("latin1");
      if (target.startsWith("/")) trail.length = 1;
      pending.push(...target.split("/").reverse());
      continue;
    }
    const directory = node?.type === "directory" ? node : make(parent, name, node !== undefined);
    if (directory === undefined) return undefined;
    if (trail.push(directory) > maxDepth) throw new LayerError(`${quote(parts.join("/"))} is nested too deeply`);
  }
  return trail.at(-1);
}
