import type { DirectoryNode, Tree, TreeNode } from "../tree.ts";
import { firstFreeInode, fixedTimeSeconds, lostAndFoundInode, rootInode } from "./format.ts";

const lostAndFound = "lost+found";

/** Every node of a tree under its inode number. */
export interface Inventory {
  root: DirectoryNode;
  /** By inode number; undefined for numbers that belong to the filesystem itself. */
  nodes: ReadonlyArray<TreeNode | undefined>;
  inodeOf: ReadonlyMap<TreeNode, number>;
  /** By inode number: names of a file, or "." and ".." and the ".." of each subdirectory. */
  links: readonly number[];
  /** By inode number, for directories. */
  parents: ReadonlyMap<number, number>;
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
  const inodeOf = new Map<TreeNode, number>();
  const parents = new Map<number, number>();
  const enter = (node: TreeNode, inode: number, parent: number) => {
    nodes[inode] = node;
    inodeOf.set(node, inode);
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
  const open = [{ inode: rootInode, children: sortedChildren(root).values() }];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const step = top.children.next();
    if (step.done) {
      open.pop();
      continue;
    }
    const [, node] = step.value;
    let inode = inodeOf.get(node);
    const descend = inode === undefined || node === reserved;
    if (inode === undefined) {
      inode = next++;
      enter(node, inode, top.inode);
    } else if (node.type !== "directory") {
      links[inode] = (links[inode] as number) + 1;
    } else if (node !== reserved) {
      throw new Error("a directory has two names");
    }
    if (descend && node.type === "directory") open.push({ inode, children: sortedChildren(node).values() });
  }
  return { root, nodes, inodeOf, links, parents, lastInode: next - 1 };
}

/** Children in the order of their names' bytes. */
export function sortedChildren(directory: DirectoryNode): Array<[string, TreeNode]> {
  const { children } = directory;
  // Names are one character a byte, so the order of strings is the order of bytes; without a function it is the fastest.
  return [...children.keys()].sort().map(name => [name, children.get(name) as TreeNode]);
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
