import type { DirectoryNode, Tree, TreeNode } from "../../images/tree.ts";

/** A copy of a tree with every node changed by `change`; hard links stay links. Children are taken care of here. */
export function mapNodes(tree: Tree, change: <T extends TreeNode>(node: T) => T): Tree {
  return { root: mapDirectory(tree.root, change, new Map()) };
}

/** The same for a part of a tree; `copies` remembers what was copied before, so that links between parts stay. */
export function mapDirectory(
  directory: DirectoryNode,
  change: <T extends TreeNode>(node: T) => T,
  copies: Map<TreeNode, TreeNode>,
): DirectoryNode {
  const root = { ...change(directory), children: new Map<string, TreeNode>() };
  // Not recursive: the depth is the author's choice.
  const pending = [{ from: directory, to: root }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const [name, node] of next.from.children) {
      if (node.type === "directory") {
        const copy = { ...change(node), children: new Map<string, TreeNode>() };
        next.to.children.set(name, copy);
        pending.push({ from: node, to: copy });
        continue;
      }
      const copy = copies.get(node) ?? change({ ...node });
      copies.set(node, copy);
      next.to.children.set(name, copy);
    }
  }
  return root;
}
