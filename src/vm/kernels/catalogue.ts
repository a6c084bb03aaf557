import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "../../api/problems.ts";
import { kernelsDirectory, type Paths } from "../../store/paths.ts";
import { ensureGrowArchive, ensureShimArchive } from "./initramfs.ts";
import { type FillKernelTree, installKernel, recordFile } from "./install.ts";
import { unpackKernelPackage } from "./package.ts";

/** Versions a manifest may ask for without anything being set up; they are fetched when they are first needed. */
const catalogueVersions = ["5.10", "6.1", "6.12", "6.18"] as const;
/** Beside kernels, the directory of kernels holds packages laid there by hand and the lists of Debian's archive. */
const packagesName = "packages";
const indexName = "apt";

/** Everything a machine boots from, as files that stay in place and never change. Plain JSON. */
export interface Kernel {
  /** As in the manifest: "6.1", or the name the operator gave it. */
  version: string;
  /** As `uname -r` prints it. */
  release: string;
  /** Where it is from: a distribution's package, or the directory or image somebody took it from. */
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
  return installOnce(version, fromPackage(version, options.paths), options);
}

/**
 * A kernel of the operator's own under a name that manifests then use in `kernel.source`; the name may be a version
 * of the catalogue. Rejects with `kernel/exists` when the name is taken, and leaves nothing when it fails.
 */
export async function addKernel(name: string, fill: FillKernelTree, options: KernelOptions): Promise<Kernel> {
  if (!isName(name)) {
    throw new Problem("kernel/name-invalid", {
      message: `"${name}" is not a name for a kernel: take a version such as 6.6, or lower-case letters, digits, ".", "_" and "-"`,
    });
  }
  if ((await lookupKernel(name, options.paths)) !== undefined) {
    throw new Problem("kernel/exists", { message: `There is a kernel "${name}" already` });
  }
  return installOnce(name, fill, options);
}

/** Versions of installed kernels that are fetched anew when a machine asks for them; not what somebody brought along. */
export async function fetchedKernels(paths: Paths): Promise<string[]> {
  const records = await Promise.all(catalogueVersions.map(version => readRecord(kernelDirectory(paths, version))));
  return records.filter(record => record?.package.name.startsWith("linux-image-")).map(record => record?.version ?? "");
}

/** Afterwards the kernel is gone from this home. The caller makes sure that no machine runs on it. */
export async function removeKernel(version: string, paths: Paths): Promise<void> {
  if ((await readRecord(kernelDirectory(paths, version))) === undefined) throw await unknownVersion(version, paths);
  const directory = kernelDirectory(paths, version);
  // Out of sight first, by one rename: half a kernel is never found.
  const doomed = join(kernelsDirectory(paths), `.${version}.${process.pid}.tmp`);
  await rename(directory, doomed);
  archives.delete(directory);
  await rm(doomed, { recursive: true });
}

async function installOnce(version: string, fill: FillKernelTree, options: KernelOptions): Promise<Kernel> {
  const directory = kernelDirectory(options.paths, version);
  let work = installing.get(directory);
  if (work === undefined) {
    work = install(version, directory, fill, options).finally(() => installing.delete(directory));
    installing.set(directory, work);
  }
  await work;
  const installed = await lookupKernel(version, options.paths);
  if (installed === undefined)
    throw new Error(`kernel ${version} vanished from ${directory} right after its installation`);
  return installed;
}

function fromPackage(version: string, paths: Paths): FillKernelTree {
  const localDirectory = join(kernelsDirectory(paths), packagesName);
  const indexDirectory = join(kernelsDirectory(paths), indexName);
  return async (tree, options) => {
    try {
      return await unpackKernelPackage(version, tree, { ...options, localDirectory, indexDirectory });
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "kernel/not-obtainable") throw error;
      throw Problem.fromJSON({
        ...error.toJSON(),
        error: `${error.message} (${await otherKernels(version, paths)})`,
      });
    }
  };
}

/** What to take instead of a version that cannot be had. Whether another can be fetched shows when it is asked for. */
async function otherKernels(version: string, paths: Paths): Promise<string> {
  const installed = (await listKernels(paths)).map(kernel => kernel.version);
  const others = catalogueVersions.filter(other => other !== version && !installed.includes(other));
  return `installed here: ${installed.join(", ") || "none"}; others to ask for: ${others.join(", ") || "none"}`;
}

/** The kernel of this version when it is installed, else undefined. Fetches nothing. */
export async function lookupKernel(version: string, paths: Paths): Promise<Kernel | undefined> {
  const directory = kernelDirectory(paths, version);
  const record = await readRecord(directory);
  if (record === undefined) return undefined;
  const { imageName, modulesDriveName, ...rest } = record;
  return {
    ...rest,
    image: join(directory, imageName),
    modulesDrive: join(directory, modulesDriveName),
    ...(await ensureArchives(directory)),
  };
}

type Archives = Pick<Kernel, "initramfs" | "growArchive">;
const archives = new Map<string, Promise<Archives>>();

/** Packed once in the life of this process: neither our own sources nor the host's programs change under it. */
async function ensureArchives(directory: string): Promise<Archives> {
  let packed = archives.get(directory);
  if (packed === undefined) {
    packed = packArchives(directory);
    archives.set(directory, packed);
  }
  try {
    return await packed;
  } catch (error) {
    archives.delete(directory);
    throw error;
  }
}

async function packArchives(directory: string): Promise<Archives> {
  const [initramfs, growArchive] = await Promise.all([
    ensureShimArchive(directory, join(directory, "shim-modules")),
    ensureGrowArchive(directory),
  ]);
  return { initramfs, growArchive };
}

/** Every installed kernel, by version. */
export async function listKernels(paths: Paths): Promise<Kernel[]> {
  const names = await readdir(kernelsDirectory(paths)).catch(() => []);
  const kernels = await Promise.all(names.filter(isName).map(name => lookupKernel(name, paths)));
  return kernels
    .filter(kernel => kernel !== undefined)
    .toSorted((a, b) => a.version.localeCompare(b.version, "en", { numeric: true }));
}

/** What is installed and what can be asked for without setting anything up, in the order of their numbers. */
export async function knownKernels(paths: Paths): Promise<string[]> {
  const names = await readdir(kernelsDirectory(paths)).catch(() => []);
  const records = await Promise.all(
    names.filter(isName).map(async name => ((await readRecord(kernelDirectory(paths, name))) ? name : undefined)),
  );
  const installed = records.filter(name => name !== undefined);
  return [...new Set([...catalogueVersions, ...installed])].toSorted((a, b) =>
    a.localeCompare(b, "en", { numeric: true }),
  );
}

/** A name that breaks the rules has no directory, and so is never found. */
const kernelDirectory = (paths: Paths, version: string) =>
  join(kernelsDirectory(paths), isName(version) ? version : "none");
/** The same names that manifests may write in `kernel.source`. */
const isName = (name: string) =>
  /^(\d{1,3}\.\d{1,3}|[a-z][a-z0-9._-]{0,62})$/.test(name) && ![packagesName, indexName, "none"].includes(name);

async function readRecord(directory: string): Promise<InstalledKernel | undefined> {
  try {
    return JSON.parse(await readFile(join(directory, recordFile), "utf8")) as InstalledKernel;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Builds in a directory of its own and publishes it by rename: a kernel is there completely or not at all. */
async function install(
  version: string,
  directory: string,
  fill: FillKernelTree,
  options: KernelOptions,
): Promise<void> {
  const parent = kernelsDirectory(options.paths);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  await removeAbandoned(parent);
  const temporary = join(parent, `.${version}.${process.pid}.tmp`);
  try {
    await mkdir(temporary, { recursive: true });
    await installKernel(version, temporary, { ...options, fill });
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
    const pid = /^\..+\.(\d+)\.tmp$/.exec(name)?.[1];
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
