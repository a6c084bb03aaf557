import { Problem } from "../../api/problems.ts";
import { type DirectoryNode, emptyDirectory, type FileNode, type Tree, type TreeNode } from "../../images/tree.ts";
import { lookUp } from "../../images/tree-paths.ts";
import type { ExportPart } from "../script/schema.ts";
import { mapDirectory } from "./map-nodes.ts";
import { components, ensureDirectory } from "./resolve-directory.ts";

/**
 * The part of a container's filesystem that a script lists, in a fixed order: directories that are included, then
 * created, files that are included, then created. Parents are implied and look as they do in the container; hard
 * links stay links, also between two included directories. Rejects with every path that the container does not have.
 */
export function selectExport(source: Tree, lists: ExportPart): Tree {
  const selection = new Selection(source);
  for (const path of lists.directories.include) selection.include(path, "directory");
  for (const path of lists.directories.create) selection.createDirectory(path);
  for (const path of lists.files.include) selection.include(path, "file");
  for (const path of lists.files.create) selection.createFile(path);
  if (selection.missing.length > 0) {
    throw new Problem("build/bad-value", {
      message: `the export lists name what the container does not have: ${selection.missing[0]}`,
      details: selection.missing,
    });
  }
  return selection.tree;
}

class Selection {
  readonly tree: Tree;
  readonly missing: string[] = [];
  readonly #source: Tree;
  readonly #copies = new Map<TreeNode, TreeNode>();

  constructor(source: Tree) {
    this.#source = source;
    this.tree = { root: { ...source.root, children: new Map() } };
  }

  include(path: string, kind: "file" | "directory"): void {
    const parts = components(path);
    const found = lookUp(this.#source, parts.join("/"), { followLast: false });
    if (found === undefined) {
      this.missing.push(`${path} does not exist`);
      return;
    }
    const { node } = found;
    // A link is taken over as a link, as a recursive copy does; where it leads is listed on its own or not at all.
    const isDirectory = node.type === "directory";
    if (node.type !== "symlink" && isDirectory !== (kind === "directory")) {
      this.missing.push(isDirectory ? `${path} is a directory, not a file` : `${path} is a file, not a directory`);
      return;
    }
    if (parts.length === 0) this.tree.root = mapDirectory(this.#source.root, same, this.#copies);
    else this.#put(parts, node.type === "directory" ? mapDirectory(node, same, this.#copies) : this.#copy(node));
  }

  /** Empty, with the owner and mode it has in the container. */
  createDirectory(path: string): void {
    this.#directory(components(path));
  }

  createFile(path: string): void {
    const parts = components(path);
    const like = lookUp(this.#source, parts.join("/"))?.node;
    const plain = { ...emptyDirectory(), mode: 0o644 };
    const { mode, uid, gid, mtimeSeconds, mtimeNanoseconds } = like?.type === "file" ? like : plain;
    const times = { mtimeSeconds, mtimeNanoseconds, xattrs: new Map() };
    const file: FileNode = { type: "file", mode, uid, gid, ...times, size: 0, payload: undefined };
    this.#put(parts, file);
  }

  #put(parts: readonly string[], node: TreeNode): void {
    this.#directory(parts.slice(0, -1)).children.set(parts.at(-1) as string, node);
  }

  #directory(parts: readonly string[]): DirectoryNode {
    return ensureDirectory(this.tree, parts, realPath => {
      const node = lookUp(this.#source, realPath.join("/"), { followLast: false })?.node;
      if (node?.type === "symlink") return this.#copy(node);
      return node?.type === "directory" ? { ...node, children: new Map() } : emptyDirectory();
    });
  }

  #copy(node: TreeNode): TreeNode {
    const copy = this.#copies.get(node) ?? { ...node };
    this.#copies.set(node, copy);
    return copy;
  }
}

const same = <T extends TreeNode>(node: T): T => node;
