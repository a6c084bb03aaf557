import type { TarEntry } from "../tar/tar-entry.ts";
import { noXattrs, type TreeNode } from "../tree.ts";
import { LayerError, quote, type Warn } from "./entry-path.ts";

const maxSymlinkBytes = 4095;
/** XATTR_SIZE_MAX and XATTR_NAME_MAX of the kernel. */
const maxXattrBytes = 65536;
const maxXattrNameBytes = 255;
const maxId = 2 ** 32 - 2;

/** Turns a member that is neither a whiteout nor a hard link into a node; throws LayerError for impossible ones. */
export function nodeFrom(entry: TarEntry, layer: number, warn: Warn): TreeNode {
  if (entry.uid < 0 || entry.uid > maxId || entry.gid < 0 || entry.gid > maxId) {
    throw new LayerError(`${quote(entry.path)} has an impossible owner: ${entry.uid}:${entry.gid}`);
  }
  const { mode, uid, gid, mtimeSeconds, mtimeNanoseconds } = entry;
  const xattrs = allowedXattrs(entry, warn);
  const metadata = { mode, uid, gid, mtimeSeconds, mtimeNanoseconds, xattrs, inode: 0 };
  switch (entry.type) {
    case "file": {
      const { offset, storedSize: length, segments, size } = entry;
      const stored = { layer, offset, length };
      const payload = length === 0 ? undefined : segments ? { ...stored, segments } : stored;
      // Nearly all nodes; a spread would make each of them slower and larger.
      return { type: "file", mode, uid, gid, mtimeSeconds, mtimeNanoseconds, xattrs, inode: 0, size, payload };
    }
    case "directory":
      return { type: "directory", ...metadata, children: new Map() };
    case "symlink":
      return { type: "symlink", ...metadata, target: symlinkTarget(entry) };
    case "chardev":
    case "blockdev": {
      const { major, minor } = entry;
      if (entry.type === "chardev" && major === 0 && minor === 0) {
        warn(`${quote(entry.path)} is a 0:0 character device; it was kept as one`);
      }
      return { type: entry.type, ...metadata, major, minor };
    }
    case "fifo":
      return { type: "fifo", ...metadata };
    case "hardlink":
      throw new Error("a hard link has no node of its own");
  }
}

function symlinkTarget(entry: TarEntry): Buffer {
  const target = Buffer.allocUnsafeSlow(entry.linkPath.length);
  // In memory of its own: a few bytes of Node's pool would keep all of a page that strangers have filled.
  target.write(entry.linkPath, "latin1");
  if (target.length === 0 || target.length > maxSymlinkBytes || target.includes(0)) {
    throw new LayerError(`the symbolic link ${quote(entry.path)} has an impossible target`);
  }
  return target;
}

/** Labels belong to the host that built the image, overlay marks to its storage; both would mislead the guest. */
function allowedXattrs(entry: TarEntry, warn: Warn): ReadonlyMap<string, Buffer> {
  if (entry.xattrs === noXattrs) return noXattrs;
  const kept = new Map<string, Buffer>();
  for (const [name, value] of entry.xattrs) {
    if (name.length > maxXattrNameBytes || name.includes("\0") || value.length > maxXattrBytes) {
      throw new LayerError(
        `${quote(entry.path)} has an extended attribute that no filesystem can hold: ${quote(name)}`,
      );
    }
    if (isKept(name)) kept.set(name, ownCopy(value));
    else warn(`the extended attribute ${quote(name)} of ${quote(entry.path)} was dropped`);
  }
  return kept;
}

/** Not of Node's pool, as above. */
function ownCopy(value: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(value.length);
  value.copy(copy);
  return copy;
}

function isKept(name: string): boolean {
  if (name === "security.selinux" || name.startsWith("trusted.overlay.")) return false;
  if (name === "system.posix_acl_access" || name === "system.posix_acl_default") return true;
  return ["user.", "trusted.", "security."].some(prefix => name.startsWith(prefix) && name.length > prefix.length);
}
