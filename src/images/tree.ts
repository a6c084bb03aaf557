/**
 * The merged root filesystem of an image, in memory: metadata only, the bytes of files stay where they were decoded.
 *
 * Names are latin1 strings, one character per byte (`Buffer.from(name, "latin1")`), because names in an image are
 * bytes and not always UTF-8. Hard links are one node that is reachable under several names. Nothing here ever
 * becomes a path on the host, so path attacks have no target.
 */
export interface Tree {
  root: DirectoryNode;
}

interface NodeMetadata {
  /** 07777: permissions with setuid, setgid and sticky */
  mode: number;
  uid: number;
  gid: number;
  /** Whole seconds since 1970, negative before; floor of the real time. */
  mtimeSeconds: number;
  /** 0 … 999 999 999, added to the seconds */
  mtimeNanoseconds: number;
  /** Full names ("user.x", "security.capability", "system.posix_acl_access"), values in the form getxattr(2) returns. */
  xattrs: ReadonlyMap<string, Buffer>;
  /** A note of whoever numbers the nodes, 0 before; means nothing to anybody else. */
  inode?: number;
}

export interface FileNode extends NodeMetadata {
  type: "file";
  /** Logical length, holes included. */
  size: number;
  /** undefined when no byte is stored: an empty file, or one that is a single hole. */
  payload: PayloadReference | undefined;
}

export interface DirectoryNode extends NodeMetadata {
  type: "directory";
  /** By name as written in the image, insertion order; a writer that wants a stable order sorts. */
  children: Map<string, TreeNode>;
}

export interface SymlinkNode extends NodeMetadata {
  type: "symlink";
  /** 1 … 4095 bytes, kept as they are */
  target: Buffer;
}

export interface DeviceNode extends NodeMetadata {
  type: "chardev" | "blockdev";
  major: number;
  minor: number;
}

export interface FifoNode extends NodeMetadata {
  type: "fifo";
}

export type TreeNode = FileNode | DirectoryNode | SymlinkNode | DeviceNode | FifoNode;

/** Where the bytes of a file are stored. */
export interface PayloadReference {
  /** Index into the payload source's layers. */
  layer: number;
  /** First stored byte, counted in the decoded layer. */
  offset: number;
  /** Stored bytes; for a file without segments this is its size. */
  length: number;
  /** Sparse files only: which logical ranges the stored bytes are, ascending, without overlap. The rest is holes. */
  segments?: readonly DataSegment[];
}

export interface DataSegment {
  logicalOffset: number;
  /** Distance from PayloadReference.offset */
  storedOffset: number;
  length: number;
}

/** Hands out the bytes of files. */
export interface PayloadSource {
  /**
   * Grows with the place of the bytes in the archives, one archive behind the other; reading in this order is the
   * cheapest. Only where these places belong to what the image is: a drive may depend on them.
   */
  placeOf?(payload: PayloadReference): number;
  /**
   * Fills all of `into` with the logical bytes of a file from `logicalOffset` on; holes read as zeros. Synchronous,
   * because a positioned read from the page cache is cheaper than a promise for it: whoever reads much yields to
   * the event loop every few megabytes. Throws when the range goes beyond the stored bytes.
   */
  read(payload: PayloadReference, logicalOffset: number, into: Uint8Array): void;
}

/** What every drive writer (`writeExt4(tree, payloads, options)`) takes. */
export interface WriteDriveOptions {
  /** Created by the writer (it must not exist); the caller removes it when the writer rejects, and publishes it by rename. */
  path: string;
  sizeBytes: number;
  /** 32 bytes derived from the content: UUID and directory hash seed come from it, so equal input gives equal bytes. */
  seed: Buffer;
  label?: string;
  signal?: AbortSignal;
  /** Called a few times a second at most. */
  onProgress?: (writtenBytes: number, totalBytes: number) => void;
}

export interface WriteDriveResult {
  /** Blocks in use × block size: payload and metadata, without holes. */
  usedBytes: number;
}

/** The data ranges of a file in logical order; everything between them is a hole. */
export function dataSegments(file: FileNode): readonly DataSegment[] {
  const { payload } = file;
  if (payload === undefined) return [];
  return payload.segments ?? [{ logicalOffset: 0, storedOffset: 0, length: payload.length }];
}

/** For all that have none: an image has hundreds of thousands of nodes, and a map each would be most of their memory. */
export const noXattrs: ReadonlyMap<string, Buffer> = new Map();

/** An empty directory owned by root, mode 0755, at time zero. */
export function emptyDirectory(): DirectoryNode {
  return {
    type: "directory",
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtimeSeconds: 0,
    mtimeNanoseconds: 0,
    xattrs: noXattrs,
    children: new Map(),
  };
}
