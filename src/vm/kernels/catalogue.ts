import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "../../api/problems.ts";
import { kernelsDirectory, type Paths } from "../../store/paths.ts";
import { ensureGrowArchive, ensureShimArchive } from "./initramfs.ts";
import { installKernel, recordFile } from "./install.ts";

/** Versions a manifest may ask for; which of them this host can fetch depends on its distribution. */
export const catalogueVersions = ["5.10", "6.1", "6.12", "6.18"] as const;

/** Everything a machine boots from, as files that stay in place and never change. Plain JSON. */
export interface Kernel {
  /** As in the manifest, "6.1" */
  version: string;
  /** As `uname -r` prints it. */
  release: string;
  package: { name: string; version: string };
  image: string;
  /** "elf" starts faster; "bzimage" where the package's kernel cannot be entered directly. */
  imageFormat: "elf" | "bzimage";
  /** SHA-256 of the image, in hex. */
  imageDigest: string;
  /** Read-only file system whose root is the content of /lib/modules/<release>. */
  modulesDrive: string;
  modulesDriveFilesystem: "ext4";
  /** The shim: first archive of every initrd. */
  initramfs: string;
  /** Second archive, only for a machine whose root drive has to grow: resize2fs with its libraries. */
  growArchive: string;
}

export interface KernelOptions {
  paths: Paths;
  /** One line for people, and 0..1 when it is known. */
  onProgress?: (message: string, progress?: number) => void;
  signal: AbortSignal;
}

/** What install.json keeps: everything but the archives, which follow the sources of this program. */
export type InstalledKernel = Omit<Kernel, "image" | "modulesDrive" | "initramfs" | "growArchive"> & {
  imageName: string;
  modulesDriveName: string;
};

const installing = new Map<string, Promise<void>>();

/**
 * The kernel of this version, fetched and unpacked when it is not there yet.
 *
 * Afterwards all files of the result exist; a second call costs milliseconds. Callers that come together share one
 * download. When it fails nothing is left but the temporary directory of a killed process, which the next call removes.
 */
export async function ensureKernel(version: string, options: KernelOptions): Promise<Kernel> {
  const found = await lookupKernel(version, options.paths);
  if (found !== undefined) return found;
  if (!(catalogueVersions as readonly string[]).includes(version)) throw await unknownVersion(version, options.paths);
  const directory = kernelDirectory(options.paths, version);
  let work = installing.get(directory);
  if (work === undefined) {
    work = install(version, directory, options).finally(() => installing.delete(directory));
    installing.set(directory, work);
  }
  await work;
  const installed = await lookupKernel(version, options.paths);
  if (installed === undefined)
    throw new Error(`kernel ${version} vanished from ${directory} right after its installation`);
  return installed;
}

/** The kernel of this version when it is installed, else undefined. Fetches nothing. */
export async function lookupKernel(version: string, paths: Paths): Promise<Kernel | undefined> {
  const directory = kernelDirectory(paths, version);
  const record = await readRecord(directory);
  if (record === undefined) return undefined;
  const { imageName, modulesDriveName, ...rest } = record;
  const modulesDirectory = join(directory, "shim-modules");
  return {
    ...rest,
    image: join(directory, imageName),
    modulesDrive: join(directory, modulesDriveName),
    initramfs: await ensureShimArchive(directory, modulesDirectory),
    growArchive: await growArchive(directory),
  };
}

const growArchives = new Map<string, Promise<string>>();

/** Packed once in the life of this process: the host's own programs do not change under it. */
async function growArchive(directory: string): Promise<string> {
  let archive = growArchives.get(directory);
  if (archive === undefined) {
    archive = ensureGrowArchive(directory);
    growArchives.set(directory, archive);
  }
  try {
    return await archive;
  } catch (error) {
    growArchives.delete(directory);
    throw error;
  }
}

/** Every installed kernel, by version. */
export async function listKernels(paths: Paths): Promise<Kernel[]> {
  const names = await readdir(kernelsDirectory(paths)).catch(() => []);
  const kernels = await Promise.all(names.filter(isVersion).map(name => lookupKernel(name, paths)));
  return kernels
    .filter(kernel => kernel !== undefined)
    .toSorted((a, b) => a.version.localeCompare(b.version, "en", { numeric: true }));
}

const kernelDirectory = (paths: Paths, version: string) =>
  join(kernelsDirectory(paths), isVersion(version) ? version : "none");
const isVersion = (name: string) => /^\d+\.\d+$/.test(name);

async function readRecord(directory: string): Promise<InstalledKernel | undefined> {
  try {
    return JSON.parse(await readFile(join(directory, recordFile), "utf8")) as InstalledKernel;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Builds in a directory of its own and publishes it by rename: a kernel is there completely or not at all. */
async function install(version: string, directory: string, options: KernelOptions): Promise<void> {
  const parent = kernelsDirectory(options.paths);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  await removeAbandoned(parent);
  const temporary = join(parent, `.${version}.${process.pid}.tmp`);
  try {
    await mkdir(temporary, { recursive: true });
    await installKernel(version, temporary, { ...options, localDirectory: join(parent, "packages") });
    await rename(temporary, directory);
  } catch (error) {
    // Another process may have published the same kernel meanwhile; theirs is as good as ours.
    if (await readRecord(directory)) return;
    throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** What killed installations left; those of living processes, and young ones, are kept. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = /^\.[\d.]+\.(\d+)\.tmp$/.exec(name)?.[1];
    if (pid === undefined || (await stat(`/proc/${pid}`).catch(() => undefined))) continue;
    await rm(join(parent, name), { recursive: true, force: true });
  }
}

async function unknownVersion(version: string, paths: Paths): Promise<Problem> {
  const installed = (await listKernels(paths)).map(kernel => kernel.version);
  return new Problem("kernel/unknown-version", {
    message: `There is no kernel "${version}" in the catalogue`,
    hint: `Known: ${catalogueVersions.join(", ")}. Installed here: ${installed.join(", ") || "none yet"}.`,
  });
}
