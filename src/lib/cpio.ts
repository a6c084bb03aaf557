/**
 * The "newc" archive format, as the Linux kernel unpacks it into its initial root (see the kernel's
 * buffer-format document for initramfs). Equal entries give equal bytes: times are 0, inodes are counted, parents come first.
 */
export type CpioEntry =
  | { kind: "directory"; path: string; mode?: number; uid?: number; gid?: number }
  | { kind: "file"; path: string; content: Uint8Array | string; mode?: number; uid?: number; gid?: number }
  | { kind: "symlink"; path: string; target: string; uid?: number; gid?: number }
  | { kind: "character-device"; path: string; major: number; minor: number; mode?: number };

const typeBits = { directory: 0o040000, file: 0o100000, symlink: 0o120000, "character-device": 0o020000 } as const;
const defaultModes = { directory: 0o755, file: 0o644, symlink: 0o777, "character-device": 0o600 } as const;

/** The kernel skips zeros between archives, but a header must start at a multiple of four. */
const archiveAlignment = 512;

/**
 * Packs entries into one archive whose length is a multiple of 512, so that archives can be laid end to end.
 *
 * Paths are relative or absolute, without "." and ".."; missing parent directories are added (0755, root). A path
 * given twice is refused: which one wins would depend on the order.
 */
export function packCpio(entries: readonly CpioEntry[]): Buffer {
  const chunks: Buffer[] = [];
  let inode = 1;
  for (const entry of withParents(entries)) {
    chunks.push(...record(entry, inode));
    inode += 1;
  }
  chunks.push(...record({ kind: "file", path: "TRAILER!!!", content: "" }, 0));
  const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  chunks.push(Buffer.alloc(paddingTo(size, archiveAlignment)));
  return Buffer.concat(chunks);
}

/** Zero bytes needed after `size` bytes to reach a multiple of `alignment`. */
export function paddingTo(size: number, alignment: number): number {
  return (alignment - (size % alignment)) % alignment;
}

function withParents(entries: readonly CpioEntry[]): CpioEntry[] {
  const byPath = new Map<string, CpioEntry>();
  for (const entry of entries) {
    const path = normalise(entry.path);
    if (byPath.has(path)) throw new Error(`"${path}" appears twice in one archive`);
    byPath.set(path, { ...entry, path });
  }
  for (const path of [...byPath.keys()]) {
    const parts = path.split("/");
    for (let depth = 1; depth < parts.length; depth += 1) {
      const parent = parts.slice(0, depth).join("/");
      const existing = byPath.get(parent);
      if (!existing) byPath.set(parent, { kind: "directory", path: parent });
      else if (existing.kind !== "directory")
        throw new Error(`"${parent}" is not a directory but has "${path}" below it`);
    }
  }
  // Plain code unit order puts every parent before its children and does not depend on the locale.
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function normalise(path: string): string {
  const parts = path.split("/").filter(part => part !== "");
  if (parts.length === 0 || parts.some(part => part === "." || part === "..") || path.includes("\0")) {
    throw new Error(`${JSON.stringify(path)} cannot be the path of an archive entry`);
  }
  return parts.join("/");
}

function record(entry: CpioEntry, inode: number): Buffer[] {
  const content = contentOf(entry);
  const name = Buffer.from(`${entry.path}\0`);
  const mode =
    typeBits[entry.kind] | ("mode" in entry && entry.mode !== undefined ? entry.mode : defaultModes[entry.kind]);
  const device = entry.kind === "character-device" ? entry : { major: 0, minor: 0 };
  const owner = entry.kind === "character-device" ? {} : entry;
  const fields = [
    inode,
    inode === 0 ? 0 : mode,
    owner.uid ?? 0,
    owner.gid ?? 0,
    entry.kind === "directory" ? 2 : 1,
    0, // modification time
    content.length,
    0, // device of the archive's files
    0,
    device.major,
    device.minor,
    name.length,
    0, // checksum: only the "crc" variant has one
  ];
  const header = Buffer.from(`070701${fields.map(hex).join("")}`, "latin1");
  return [
    header,
    name,
    Buffer.alloc(paddingTo(header.length + name.length, 4)),
    content,
    Buffer.alloc(paddingTo(content.length, 4)),
  ];
}

function contentOf(entry: CpioEntry): Buffer {
  if (entry.kind === "symlink") return Buffer.from(entry.target);
  if (entry.kind !== "file") return Buffer.alloc(0);
  return typeof entry.content === "string"
    ? Buffer.from(entry.content)
    : Buffer.from(entry.content.buffer, entry.content.byteOffset, entry.content.byteLength);
}

function hex(value: number): string {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
    throw new Error(`${value} does not fit an archive header`);
  return value.toString(16).toUpperCase().padStart(8, "0");
}
