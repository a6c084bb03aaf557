import type { DirectoryNode, FileNode, Tree, TreeNode } from "../../images/tree.ts";
import { lookUp } from "../../images/tree-paths.ts";
import { components, ensureDirectory } from "./resolve-directory.ts";

export interface OverlayOwner {
  /** 07777: of the file, or of the destination directory */
  mode: number | undefined;
  /** Of everything that the overlay brings */
  uid: number | undefined;
  gid: number | undefined;
}

/** Puts a file at a path and replaces whatever is there; a link at this path is replaced, links before it are followed. */
export function overlayFile(tree: Tree, destination: string, file: FileNode, owner: OverlayOwner): void {
  const parts = components(destination);
  const parent = ensureDirectory(tree, parts.slice(0, -1));
  parent.children.set(parts.at(-1) as string, {
    ...owned(file, owner),
    ...(owner.mode === undefined ? {} : { mode: owner.mode }),
  });
}

/**
 * Puts the content of a directory into the directory at a path. Files and links that exist are replaced, directories
 * that exist keep their own owner and mode and get what is new; a link to a directory counts as that directory.
 */
export function overlayDirectory(tree: Tree, destination: string, content: DirectoryNode, owner: OverlayOwner): void {
  const parts = components(destination);
  const isNew = lookUp(tree, parts.join("/"))?.node.type !== "directory";
  const target = ensureDirectory(tree, parts);
  const { mode, uid, gid } = owned(content, owner);
  if (isNew) Object.assign(target, { mode, uid, gid });
  if (owner.mode !== undefined) target.mode = owner.mode;
  if (owner.uid !== undefined) target.uid = owner.uid;
  if (owner.gid !== undefined) target.gid = owner.gid;
  const copies = new Map<TreeNode, TreeNode>();
  const pending = [{ from: content, to: target, path: parts }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const [name, node] of next.from.children) {
      const path = [...next.path, name];
      if (node.type !== "directory") {
        const copy = copies.get(node) ?? owned(node, owner);
        copies.set(node, copy);
        next.to.children.set(name, copy);
        continue;
      }
      const existing = lookUp(tree, path.join("/"))?.node;
      let directory: DirectoryNode;
      if (existing?.type === "directory") directory = existing;
      else {
        directory = { ...owned(node, owner), children: new Map() };
        next.to.children.set(name, directory);
      }
      pending.push({ from: node, to: directory, path });
    }
  }
}

function owned<T extends TreeNode>(node: T, { uid, gid }: OverlayOwner): T {
  return { ...node, uid: uid ?? node.uid, gid: gid ?? node.gid };
}
