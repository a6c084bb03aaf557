import { Problem } from "../../api/problems.ts";
import { emptyDirectory, type DirectoryNode, type Tree, type TreeNode } from "../../images/tree.ts";

/** As many links as the kernel follows before it answers ELOOP. */
const maxLinks = 40;

export function components(path: string): string[] {
  return Buffer.from(path)
    .toString("latin1")
    .split("/")
    .filter(part => part !== "" && part !== ".");
}

/**
 * The directory that a path leads to, links followed inside the tree; missing ones are made by `make`, which gets the
 * real path so far. What is there and is no directory is replaced.
 */
export function ensureDirectory(
  tree: Tree,
  parts: readonly string[],
  make: (realPath: readonly string[]) => TreeNode = emptyDirectory,
): DirectoryNode {
  const trail: Array<{ name: string; node: DirectoryNode }> = [];
  const pending = parts.toReversed();
  let links = 0;
  while (pending.length > 0) {
    const name = pending.pop() as string;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      trail.pop();
      continue;
    }
    const parent = trail.at(-1)?.node ?? tree.root;
    let node = parent.children.get(name);
    if (node?.type !== "directory" && node?.type !== "symlink") {
      node = make([...trail.map(step => step.name), name]);
      parent.children.set(name, node);
    }
    if (node.type === "symlink") {
      if (++links > maxLinks) {
        const path = Buffer.from(parts.join("/"), "latin1").toString();
        throw new Problem("build/bad-value", { message: `symbolic links on the way to /${path} run in circles` });
      }
      const target = node.target.toString("latin1");
      if (target.startsWith("/")) trail.length = 0;
      pending.push(...target.split("/").reverse());
    } else if (node.type === "directory") trail.push({ name, node });
    else throw new Error("a directory was made as something else");
  }
  return trail.at(-1)?.node ?? tree.root;
}
