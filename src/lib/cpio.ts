/** One entry of an archive; paths have no leading slash. Parents must come before what they contain (`withParents`). */
export type CpioEntry =
  | { path: string; type: "file"; content: string | Uint8Array; mode?: number; uid?: number; gid?: number }
  | { path: string; type: "directory"; mode?: number; uid?: number; gid?: number }
  | { path: string; type: "symlink"; target: string }
  | { path: string; type: "character-device"; major: number; minor: number; mode?: number };

const typeBits = { file: 0o100000, directory: 0o040000, symlink: 0o120000, "character-device": 0o020000 };
const defaultMode = { file: 0o644, directory: 0o755, symlink: 0o777, "character-device": 0o600 };

/**
 * A cpio archive of the "newc" kind, the one the kernel unpacks as initramfs.
 *
 * Times and device numbers are zero and inodes count from 1, so equal entries give equal bytes. The end is padded to
 * 512 bytes: the kernel looks for a further archive at any multiple of 4. A path that leaves the tree or comes twice
 * is refused.
 */
export function writeCpio(entries: readonly CpioEntry[]): Buffer {
  checkPaths(entries);
  const parts: Buffer[] = [];
  entries.forEach((entry, index) => {
    const content = contentOf(entry);
    const mode = typeBits[entry.type] | (("mode" in entry ? entry.mode : undefined) ?? defaultMode[entry.type]);
    const owned = entry.type === "file" || entry.type === "directory" ? entry : undefined;
    const device = entry.type === "character-device" ? entry : undefined;
    parts.push(
      header(
        [
          index + 1,
          mode,
          owned?.uid ?? 0,
          owned?.gid ?? 0,
          entry.type === "directory" ? 2 : 1,
          0,
          content.length,
          0,
          0,
          device?.major ?? 0,
          device?.minor ?? 0,
        ],
        entry.path,
      ),
      padded(content),
    );
  });
  parts.push(header([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], "TRAILER!!!"));
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  parts.push(Buffer.alloc((512 - (size % 512)) % 512));
  return Buffer.concat(parts);
}

/**
 * The same entries with the directories they lie in (0755, root) before them, sorted by path.
 *
 * Only for archives that fill an empty tree: unpacked over an existing one, an added directory would change the mode
 * of what is there.
 */
export function withParents(entries: readonly CpioEntry[]): CpioEntry[] {
  const byPath = new Map(entries.map(entry => [entry.path, entry]));
  for (const { path } of entries) {
    for (let slash = path.indexOf("/"); slash > 0; slash = path.indexOf("/", slash + 1)) {
      const parent = path.slice(0, slash);
      if (!byPath.has(parent)) byPath.set(parent, { path: parent, type: "directory" });
    }
  }
  // Plain code unit order puts every parent before its children and does not depend on the locale.
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function checkPaths(entries: readonly CpioEntry[]): void {
  const seen = new Set<string>();
  for (const { path } of entries) {
    const parts = path.split("/");
    if (parts.some(part => part === "" || part === "." || part === "..") || path.includes("\0")) {
      throw new Error(`${JSON.stringify(path)} cannot be the path of an archive entry`);
    }
    if (seen.has(path)) throw new Error(`"${path}" appears twice in one archive`);
    seen.add(path);
  }
}

function contentOf(entry: CpioEntry): Buffer {
  if (entry.type === "file") return Buffer.from(entry.content as Uint8Array);
  return entry.type === "symlink" ? Buffer.from(entry.target) : Buffer.alloc(0);
}

function header(fields: readonly number[], path: string): Buffer {
  const name = Buffer.from(`${path}\0`);
  const numbers = [...fields, name.length, 0].map(value => value.toString(16).toUpperCase().padStart(8, "0"));
  return padded(Buffer.concat([Buffer.from(`070701${numbers.join("")}`), name]));
}

function padded(bytes: Buffer): Buffer {
  const missing = (4 - (bytes.length % 4)) % 4;
  return missing === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(missing)]);
}
