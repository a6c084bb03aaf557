import type { DirectoryNode, Tree, TreeNode } from "./tree.ts";

/** As many links as the kernel follows before it answers ELOOP. */
const maxLinks = 40;

export interface Found {
  node: TreeNode;
  /** Absolute path without links, as latin1. */
  path: string;
}

/**
 * Looks a path up as the booted system would: links are followed inside the root, ".." stops at it. Undefined when
 * something is missing or links run in circles. `followLast: false` returns a final symlink itself.
 */
export function lookUp(tree: Tree, path: string, options: { followLast?: boolean } = {}): Found | undefined {
  const followLast = options.followLast ?? true;
  let pending = path.split("/").filter(part => part !== "");
  const trail: Array<{ name: string; node: TreeNode }> = [];
  let links = 0;
  while (pending.length > 0) {
    const [name, ...rest] = pending as [string, ...string[]];
    pending = rest;
    if (name === ".") continue;
    if (name === "..") {
      trail.pop();
      continue;
    }
    const parent = trail.at(-1)?.node ?? tree.root;
    if (parent.type !== "directory") return undefined;
    const node = parent.children.get(name);
    if (node === undefined) return undefined;
    if (node.type === "symlink" && (pending.length > 0 || followLast)) {
      if (++links > maxLinks) return undefined;
      const target = node.target.toString("latin1");
      if (target.startsWith("/")) trail.length = 0;
      pending = [...target.split("/").filter(part => part !== ""), ...pending];
      continue;
    }
    trail.push({ name, node });
  }
  return { node: trail.at(-1)?.node ?? tree.root, path: `/${trail.map(step => step.name).join("/")}` };
}

/** Calls `visit` for every name in the tree, parents first, in byte order; a hard link is visited under each name. */
export function walk(tree: Tree, visit: (path: string, node: TreeNode) => void): void {
  // Not recursive: the depth is the image's choice.
  const pending: Array<{ path: string; node: TreeNode }> = [{ path: "", node: tree.root }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    visit(next.path === "" ? "/" : next.path, next.node);
    if (next.node.type !== "directory") continue;
    for (const [name, node] of sortedChildren(next.node).reverse())
      pending.push({ path: `${next.path}/${name}`, node });
  }
}

function sortedChildren(directory: DirectoryNode): Array<[string, TreeNode]> {
  return [...directory.children].sort(([a], [b]) => (a < b ? -1 : 1));
}
