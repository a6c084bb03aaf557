import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, open, readdir, readFile, readlink, rename, rm, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Problem } from "../../api/problems.ts";
import { run } from "../../host/process.ts";
import { writeFileAtomic } from "../../lib/atomic-file.ts";
import { type CpioEntry, withParents, writeCpio } from "../../lib/cpio.ts";
import { shimModulesList } from "./install.ts";

const guestDirectory = fileURLToPath(new URL("../../../guest", import.meta.url));
const initrdAlignment = 512;
const programDirectories = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
const keepUnusedMs = 24 * 60 * 60_000;

/**
 * The archive that every initrd begins with: static busybox, the shim's modules and everything in guest/.
 *
 * Named by its content, so a changed shim gives a new file and machines that are being started keep theirs. Not
 * compressed: under software emulation unpacking 3 MiB costs more than loading them.
 */
export async function ensureShimArchive(kernelDirectory: string, modulesDirectory: string): Promise<string> {
  const order = (await readFile(join(modulesDirectory, shimModulesList), "utf8"))
    .split("\n")
    .filter(line => line !== "");
  const entries: CpioEntry[] = [
    { path: "dev/console", type: "character-device", major: 5, minor: 1 },
    { path: "bin/busybox", type: "file", mode: 0o755, content: await readFile(await findBusybox()) },
    { path: "labyard/modules", type: "file", content: order.map(file => `/lib/modules/${file}\n`).join("") },
    ...(await readTree(guestDirectory, name => name !== "README.md")),
  ];
  for (const file of order) {
    entries.push({ path: `lib/modules/${file}`, type: "file", content: await readFile(join(modulesDirectory, file)) });
  }
  return publishArchive(kernelDirectory, "shim", entries);
}

/** The archive that lets the shim grow a root drive: the host's resize2fs, its libraries and their loader. */
export function ensureGrowArchive(kernelDirectory: string): Promise<string> {
  return ensureProgramArchive(kernelDirectory, "grow", [
    { path: "sbin/resize2fs", names: ["resize2fs"], package: "e2fsprogs" },
  ]);
}

export interface ArchivedProgram {
  /** In the archive, without leading slash */
  path: string;
  /** How the host may call it, best first. */
  names: readonly string[];
  /** Where the host gets it from */
  package: string;
}

/** An archive with programs of the host, their libraries and their loader, in the directory of a kernel. */
export async function ensureProgramArchive(
  kernelDirectory: string,
  name: string,
  programs: readonly ArchivedProgram[],
): Promise<string> {
  const entries = new Map<string, CpioEntry>();
  const add = async (path: string, file: string) =>
    entries.set(path, { path, type: "file", mode: 0o755, content: await readFile(file) });
  for (const program of programs) {
    const file = await findProgram(program.names, program.package);
    await add(program.path, file);
    for (const library of parseLdd((await run(["ldd", file])).stdout)) await add(library.slice(1), library);
  }
  return publishArchive(kernelDirectory, name, [...entries.values()]);
}

/** Absolute paths that `ldd` prints: "libc.so.6 => /lib/… (0x…)" and "/lib64/ld-linux… (0x…)". */
export function parseLdd(output: string): string[] {
  return output.split("\n").flatMap(line => /(?:=> |^\s+)(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}

/**
 * Writes the one initrd file a VMM takes: the archives end to end, each starting at a multiple of 512.
 *
 * The kernel unpacks one after the other into the same tree, later entries winning. Published by rename.
 */
export async function writeInitrd(target: string, archives: readonly string[]): Promise<void> {
  const temporary = `${target}.tmp`;
  try {
    const file = await open(temporary, "w", 0o600);
    try {
      for (const archive of archives) {
        let size = 0;
        for await (const chunk of createReadStream(archive)) size += (await file.write(chunk as Buffer)).bytesWritten;
        await file.write(Buffer.alloc((initrdAlignment - (size % initrdAlignment)) % initrdAlignment));
      }
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Writes an archive under a name that tells its content, and returns its path; a second call finds it. */
export async function publishArchive(directory: string, name: string, entries: readonly CpioEntry[]): Promise<string> {
  const archive = writeCpio(withParents(entries));
  const digest = createHash("sha256").update(archive).digest("hex").slice(0, 16);
  const file = join(directory, `${name}-${digest}.cpio`);
  if (await stat(file).catch(() => undefined)) return file;
  await writeFileAtomic(file, archive);
  await removeUnused(directory, name, file);
  return file;
}

/** Archives of earlier shims. Machines copy theirs at start, so a day is more than any of them needs. */
async function removeUnused(directory: string, name: string, current: string): Promise<void> {
  for (const other of await readdir(directory)) {
    const path = join(directory, other);
    if (!other.startsWith(`${name}-`) || !other.endsWith(".cpio") || path === current) continue;
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > keepUnusedMs) await rm(path, { force: true });
  }
}

/** Files, links and directories of a tree of ours; the executable bit is the only mode that a checkout preserves. */
async function readTree(root: string, wanted: (path: string) => boolean): Promise<CpioEntry[]> {
  const entries: CpioEntry[] = [];
  for (const found of await readdir(root, { withFileTypes: true, recursive: true })) {
    const absolute = join(found.parentPath, found.name);
    const path = relative(root, absolute);
    if (!wanted(path)) continue;
    if (found.isSymbolicLink()) entries.push({ path, type: "symlink", target: await readlink(absolute) });
    else if (found.isDirectory()) entries.push({ path, type: "directory" });
    else {
      const mode = (await lstat(absolute)).mode & 0o100 ? 0o755 : 0o644;
      entries.push({ path, type: "file", mode, content: await readFile(absolute) });
    }
  }
  return entries;
}

function findBusybox(): Promise<string> {
  return findProgram(["busybox"], "busybox-static");
}

async function findProgram(names: readonly string[], packageName: string): Promise<string> {
  for (const name of names) {
    for (const directory of programDirectories) {
      const file = join(directory, name);
      if (await stat(file).catch(() => undefined)) return file;
    }
  }
  throw new Problem("host/tool-missing", {
    message: `"${names[0]}" is not installed (looked in ${programDirectories.join(", ")})`,
    hint: `Install the package ${packageName}.`,
  });
}
