import type { Stats } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { Problem } from "../../api/problems.ts";
import { type DirectoryNode, emptyDirectory, type Tree, type TreeNode } from "../../images/tree.ts";
import type { HostFiles } from "./host-files.ts";

const maxEntries = 1_000_000;
/** As many links as the kernel follows before it answers ELOOP. */
const maxLinks = 40;

/**
 * A directory of this host as a tree, of which only what is asked for is read. Links are followed inside the
 * directory only: an absolute one begins at its top, ".." stops there. Everything belongs to root.
 */
export class DirectoryTree {
  readonly tree: Tree = { root: emptyDirectory() };
  readonly #top: Buffer;
  readonly #files: HostFiles;
  readonly #links = new Map<string, TreeNode>();
  readonly #complete = new Set<DirectoryNode>();
  #entries = 0;

  constructor(path: string, files: HostFiles) {
    this.#top = Buffer.from(path);
    this.#files = files;
  }

  /** Reads what `path` leads to, with everything below it and every link on the way. What is missing stays missing. */
  async include(path: string): Promise<void> {
    const pending = Buffer.from(path).toString("latin1").split("/").reverse();
    const trail: Array<{ node: DirectoryNode; path: Buffer }> = [{ node: this.tree.root, path: this.#top }];
    let links = 0;
    while (pending.length > 0) {
      const name = pending.pop() as string;
      if (name === "" || name === ".") continue;
      if (name === "..") {
        if (trail.length > 1) trail.pop();
        continue;
      }
      const parent = trail.at(-1) as (typeof trail)[number];
      const childPath = join(parent.path, name);
      const node = parent.node.children.get(name) ?? (await this.#read(childPath));
      if (node === undefined) return;
      parent.node.children.set(name, node);
      if (node.type === "symlink") {
        if (++links > maxLinks) return;
        const target = node.target.toString("latin1");
        if (target.startsWith("/")) trail.length = 1;
        pending.push(...target.split("/").reverse());
      } else if (node.type === "directory") trail.push({ node, path: childPath });
      // A file: whether something was asked for below it shows when the path is looked up.
      else return;
    }
    const last = trail.at(-1) as (typeof trail)[number];
    await this.#readBelow(last.node, last.path);
  }

  async #readBelow(directory: DirectoryNode, path: Buffer): Promise<void> {
    const pending = [{ directory, path }];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (this.#complete.has(next.directory)) continue;
      this.#complete.add(next.directory);
      const names = (await readdir(next.path, { encoding: "buffer" })).map(name => name.toString("latin1"));
      for (const name of names.sort()) {
        const childPath = join(next.path, name);
        const node = next.directory.children.get(name) ?? (await this.#read(childPath));
        if (node === undefined) continue;
        next.directory.children.set(name, node);
        if (node.type === "directory") pending.push({ directory: node, path: childPath });
      }
    }
  }

  /** One node without children; undefined: missing, or something that cannot be packed. */
  async #read(path: Buffer): Promise<TreeNode | undefined> {
    const stats = await lstat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
      throw new Problem("build/package-unreadable", { message: `${path.toString()}: ${error.message}`, cause: error });
    });
    if (stats === undefined) return undefined;
    if (++this.#entries > maxEntries) {
      throw new Problem("build/package-unreadable", {
        message: `the package ${this.#top.toString()} has more than ${maxEntries} files`,
      });
    }
    const identity = `${stats.dev}:${stats.ino}`;
    const linked = stats.isDirectory() ? undefined : this.#links.get(identity);
    if (linked !== undefined) return linked;
    const node = await this.#nodeFrom(path, stats);
    if (node !== undefined && node.type !== "directory" && stats.nlink > 1) this.#links.set(identity, node);
    return node;
  }

  async #nodeFrom(path: Buffer, stats: Stats): Promise<TreeNode | undefined> {
    const metadata = {
      mode: stats.mode & 0o7777,
      uid: 0,
      gid: 0,
      mtimeSeconds: Math.floor(stats.mtimeMs / 1000),
      mtimeNanoseconds: 0,
      xattrs: new Map<string, Buffer>(),
    };
    if (stats.isDirectory()) return { type: "directory", ...metadata, children: new Map() };
    if (stats.isSymbolicLink()) {
      return { type: "symlink", ...metadata, target: await readlink(path, { encoding: "buffer" }) };
    }
    if (!stats.isFile()) return undefined;
    return { type: "file", ...metadata, size: stats.size, payload: this.#files.addFile(path, stats.size) };
  }
}

function join(directory: Buffer, name: string): Buffer {
  return Buffer.concat([directory, Buffer.from("/"), Buffer.from(name, "latin1")]);
}
