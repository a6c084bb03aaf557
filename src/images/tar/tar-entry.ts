import type { DataSegment } from "../tree.ts";

/** One member of a tar archive, all extensions applied. Names are latin1 strings: one character per byte. */
export interface TarEntry {
  type: "file" | "hardlink" | "symlink" | "chardev" | "blockdev" | "directory" | "fifo";
  /** As written, not normalised. */
  path: string;
  /** Target of a symlink or path of a hard link's original, "" for others. */
  linkPath: string;
  mode: number;
  uid: number;
  gid: number;
  mtimeSeconds: number;
  mtimeNanoseconds: number;
  xattrs: ReadonlyMap<string, Buffer>;
  major: number;
  minor: number;
  /** Logical bytes; 0 for everything but files. */
  size: number;
  /** First stored byte, counted in the archive. */
  offset: number;
  /** Stored bytes. */
  storedSize: number;
  /** Sparse files only. */
  segments?: DataSegment[];
}

/** An archive that breaks the format; the message says where. */
export class TarError extends Error {
  override readonly name = "TarError";
}
