import { link, lutimes, mkdir, open, symlink } from "node:fs/promises";
import type { DirectoryNode, FileNode, PayloadSource, TreeNode } from "../../images/tree.ts";
import { fileChunks } from "./file-chunks.ts";

export interface WriteDirectoryOptions {
  signal?: AbortSignal;
  /** setuid, setgid and sticky as well; only for files that were this user's own before. */
  keepSpecialBits?: boolean;
  /** Told about nodes that an ordinary user cannot create: devices and fifos. They are left out. */
  onSkipped?: (path: string, node: TreeNode) => void;
}

/**
 * Writes a directory of a tree as files below `path`, which must not exist. Every name is a single component and
 * every parent was made here, so nothing is written through a link. Owners are those of this process, and modes keep
 * their permission bits only, because a setuid file of somebody else must not become one of this user.
 */
export async function writeDirectory(
  path: Buffer,
  directory: DirectoryNode,
  payloads: PayloadSource,
  options: WriteDirectoryOptions = {},
): Promise<void> {
  const written = new Map<TreeNode, Buffer>();
  const pending: Array<{ path: Buffer; node: DirectoryNode }> = [{ path, node: directory }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    options.signal?.throwIfAborted();
    await mkdir(next.path, 0o700 | (next.node.mode & 0o777));
    for (const [name, node] of next.node.children) {
      const target = Buffer.concat([next.path, Buffer.from("/"), Buffer.from(name, "latin1")]);
      const original = written.get(node);
      if (node.type === "directory") pending.push({ path: target, node });
      else if (original !== undefined) await link(original, target);
      else if (node.type === "symlink") await symlink(node.target, target);
      else if (node.type === "file") await writeFileNode(target, node, payloads, options);
      else {
        options.onSkipped?.(target.toString(), node);
        continue;
      }
      if (node.type !== "directory") written.set(node, original ?? target);
    }
  }
}

/** Creates a file with the bytes, permissions and time of a node. */
export async function writeFileNode(
  path: Buffer,
  node: FileNode,
  payloads: PayloadSource,
  { keepSpecialBits }: Pick<WriteDirectoryOptions, "keepSpecialBits"> = {},
): Promise<void> {
  const file = await open(path, "wx", node.mode & 0o777);
  try {
    for (const chunk of fileChunks(node, payloads)) await file.write(chunk);
    // The mask of the process does not decide about files that belong to a package.
    await file.chmod(node.mode & (keepSpecialBits ? 0o7777 : 0o777));
  } finally {
    await file.close();
  }
  await lutimes(path, node.mtimeSeconds, node.mtimeSeconds);
}
