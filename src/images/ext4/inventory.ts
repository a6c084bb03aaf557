import type { DirectoryNode, Tree, TreeNode } from "../tree.ts";
import { type OutsizedValue, outsizedXattrs } from "./xattr.ts";
import { blockSize, firstFreeInode, fixedTimeSeconds, lostAndFoundInode, rootInode } from "./format.ts";

const lostAndFound = "lost+found";

/** Every node of a tree under its inode number. */
export interface Inventory {
  root: DirectoryNode;
  /** By inode number; undefined for numbers that belong to the filesystem itself. */
  nodes: ReadonlyArray<TreeNode | undefined>;
  inodeOf: (node: TreeNode) => number;
  /** By inode number, for directories: names in the order of their bytes. */
  names: ReadonlyMap<number, readonly string[]>;
  /** By inode number: names of a file, or "." and ".." and the ".." of each subdirectory. */
  links: readonly number[];
  /** By inode number, for directories. */
  parents: ReadonlyMap<number, number>;
  /** By inode number of their owner: values of attributes that need an inode of their own. */
  outsizedValues: ReadonlyMap<number, readonly OutsizedValue[]>;
  /** Of the tree's nodes; those of the values come behind it. */
  lastNode: number;
  lastInode: number;
}

/**
 * Numbers all nodes in path order, names compared byte by byte: the numbers depend on the tree alone.
 *
 * lost+found gets its traditional number 11 and is added where the image has none; one that the image brings keeps
 * its own metadata and content, also when it is no directory.
 */
export function takeInventory(tree: Tree): Inventory {
  const root = withLostAndFound(tree.root);
  const nodes: Array<TreeNode | undefined> = [];
  const links: number[] = [];
  const parents = new Map<number, number>();
  const names = new Map<number, readonly string[]>();
  // Kept in the node: a map from objects costs more than everything else here. Numbers of another inventory may stand
  // there, so only one that leads back to the node counts.
  const numberOf = (node: TreeNode) => {
    const inode = node.inode;
    return inode !== undefined && nodes[inode] === node ? inode : undefined;
  };
  const enter = (node: TreeNode, inode: number, parent: number) => {
    nodes[inode] = node;
    node.inode = inode;
    links[inode] = node.type === "directory" ? 2 : 1;
    if (node.type !== "directory") return;
    parents.set(inode, parent);
    if (inode !== rootInode) links[parent] = (links[parent] ?? 0) + 1;
  };
  let next = firstFreeInode;
  enter(root, rootInode, rootInode);
  const reserved = root.children.get(lostAndFound);
  if (reserved?.type === "directory") {
    enter(reserved, lostAndFoundInode, rootInode);
    next = lostAndFoundInode + 1;
  }
  // A stack instead of recursion: the depth of an image's tree is not ours to choose.
  const openDirectory = (inode: number, directory: DirectoryNode) => {
    // Names are one character a byte, so the order of strings is that of bytes; without a function it is the fastest.
    const sorted = [...directory.children.keys()].sort();
    names.set(inode, sorted);
    return { inode, directory, sorted, next: 0 };
  };
  const open = [openDirectory(rootInode, root)];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    if (top.next === top.sorted.length) {
      open.pop();
      continue;
    }
    const node = top.directory.children.get(top.sorted[top.next++] as string) as TreeNode;
    let inode = numberOf(node);
    const descend = inode === undefined || node === reserved;
    if (inode === undefined) {
      inode = next++;
      enter(node, inode, top.inode);
    } else if (node.type !== "directory") {
      links[inode] = (links[inode] as number) + 1;
    } else if (node !== reserved) {
      throw new Error("a directory has two names");
    }
    if (descend && node.type === "directory") open.push(openDirectory(inode, node));
  }
  const inodeOf = (node: TreeNode) => {
    const inode = numberOf(node);
    if (inode === undefined) throw new Error("a node has no inode number");
    return inode;
  };
  const lastNode = next - 1;
  const outsizedValues = new Map<number, OutsizedValue[]>();
  for (let inode = rootInode; inode <= lastNode; inode++) {
    const node = nodes[inode];
    if (node === undefined || !mayBeOutsized(node)) continue;
    const path = () => pathOf(root, node);
    const values = outsizedXattrs(node.xattrs, path).map(name => {
      return { name, value: node.xattrs.get(name) as Buffer, inode: next++ };
    });
    if (values.length > 0) outsizedValues.set(inode, values);
  }
  return { root, nodes, inodeOf, names, links, parents, outsizedValues, lastNode, lastInode: next - 1 };
}

/** A quick look that spares nearly all nodes the exact one. */
function mayBeOutsized({ xattrs }: TreeNode): boolean {
  if (xattrs.size === 0) return false;
  let bytes = 0;
  for (const [name, value] of xattrs) bytes += 16 + name.length + 3 + value.length + 3;
  return bytes > blockSize / 2;
}

/** The first path of a node, for messages. Searches the whole tree: only for failures. */
export function pathOf(root: DirectoryNode, wanted: TreeNode): string {
  const open: Array<{ path: string; node: DirectoryNode }> = [{ path: "", node: root }];
  for (let top = open.pop(); top !== undefined; top = open.pop()) {
    if (top.node === wanted) return "/";
    for (const [name, node] of top.node.children) {
      const path = `${top.path}/${Buffer.from(name, "latin1").toString("utf8")}`;
      if (node === wanted) return path;
      if (node.type === "directory") open.push({ path, node });
    }
  }
  return "a file";
}

function withLostAndFound(root: DirectoryNode): DirectoryNode {
  if (root.children.has(lostAndFound)) return root;
  const added: DirectoryNode = {
    type: "directory",
    mode: 0o700,
    uid: 0,
    gid: 0,
    mtimeSeconds: fixedTimeSeconds,
    mtimeNanoseconds: 0,
    xattrs: new Map(),
    children: new Map(),
  };
  return { ...root, children: new Map([...root.children, [lostAndFound, added]]) };
}
