import { createHash } from "node:crypto";
import { cp, lstat, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "../../api/problems.ts";
import { run } from "../../host/process.ts";
import { writeFileAtomic } from "../../lib/atomic-file.ts";
import { extractBootableElf } from "./bzimage.ts";
import type { InstalledKernel } from "./catalogue.ts";
import { unpackModules } from "./module-files.ts";
import { moduleClosure, optionalShimModules, parseModulesDep, shimModules } from "./modules.ts";

export const recordFile = "kernel.json";
/** Modules that the shim loads, in load order: one path below /lib/modules/<release> a line. */
export const shimModulesList = "load-order";

/** Who made a kernel: a distribution's package, or the directory or image it was taken from. */
export interface KernelOrigin {
  name: string;
  version: string;
}

/** Fills `tree` with /boot/vmlinuz-<release> and /lib/modules/<release> (or the latter below /usr) and says whose they are. */
export type FillKernelTree = (tree: string, options: { directory: string } & ReportOptions) => Promise<KernelOrigin>;

interface ReportOptions {
  onProgress?: (message: string, progress?: number) => void;
  signal: AbortSignal;
}

/**
 * Fills an empty directory with one kernel: image, modules drive, the shim's modules, and the record, which comes last.
 */
export async function installKernel(
  version: string,
  directory: string,
  options: { fill: FillKernelTree } & ReportOptions,
): Promise<void> {
  const { signal, onProgress } = options;
  onProgress?.(`fetching kernel ${version}`);
  const tree = join(directory, "tree");
  await mkdir(tree, { recursive: true });
  const found = await options.fill(tree, { directory, signal, ...(onProgress === undefined ? {} : { onProgress }) });
  const { release, image: packed } = await findRelease(tree, found);
  const modules = join(tree, "lib", "modules", release);
  onProgress?.(`unpacking kernel ${release}`, 0.4);
  await unpackModules(modules, signal);
  await run(["depmod", "--basedir", tree, release], { signal });
  const image = await placeImage(packed, directory, signal);
  await placeShimModules(modules, join(directory, "shim-modules"), { release, found });
  onProgress?.(`building the modules drive of kernel ${release}`, 0.7);
  await buildModulesDrive(modules, join(directory, "modules.ext4"), signal);
  await rm(tree, { recursive: true });
  const record: InstalledKernel = {
    version,
    release,
    package: { name: found.name, version: found.version },
    ...image,
    modulesDriveName: "modules.ext4",
    modulesDriveFilesystem: "ext4",
  };
  await writeFileAtomic(join(directory, recordFile), `${JSON.stringify(record, undefined, 2)}\n`);
}

/** The release whose image and modules are both there, and where its image lies. */
async function findRelease(tree: string, found: KernelOrigin): Promise<{ release: string; image: string }> {
  // Distributions with a merged /usr may ship the modules below it.
  const merged = join(tree, "usr", "lib", "modules");
  const plain = join(tree, "lib", "modules");
  if ((await names(plain)).length === 0 && (await names(merged)).length > 0) {
    await mkdir(join(tree, "lib"), { recursive: true });
    await rename(merged, plain);
  }
  const releases = await names(plain);
  for (const release of releases.toSorted((a, b) => b.localeCompare(a, "en", { numeric: true }))) {
    const places = [join(tree, "boot", `vmlinuz-${release}`), join(plain, release, "vmlinuz")];
    // An image without a release in its name belongs to the only modules there are.
    if (releases.length === 1) places.push(join(tree, "boot", "vmlinuz"), join(tree, "vmlinuz"));
    for (const image of places) {
      if ((await lstat(image).catch(() => undefined))?.isFile()) return { release, image };
    }
  }
  throw new Problem("kernel/package-unusable", {
    message: `${found.name} ${found.version} has no kernel image with modules of the same release`,
    hint: "A kernel is /boot/vmlinuz-<release> together with /lib/modules/<release>.",
  });
}

async function names(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

async function placeImage(packed: string, directory: string, signal: AbortSignal) {
  const image = await readFile(packed);
  const elf = await extractBootableElf(image, { scratchDirectory: directory, signal });
  const imageName = elf === undefined ? "vmlinuz" : "vmlinux";
  await writeFile(join(directory, imageName), elf ?? image);
  return {
    imageName,
    imageFormat: elf === undefined ? ("bzimage" as const) : ("elf" as const),
    imageDigest: createHash("sha256")
      .update(elf ?? image)
      .digest("hex"),
  };
}

/** Keeps the few modules of the initramfs as files, so that it can be packed anew whenever the shim changes. */
async function placeShimModules(
  modules: string,
  target: string,
  { release, found }: { release: string; found: KernelOrigin },
): Promise<void> {
  const dependencies = parseModulesDep(await readFile(join(modules, "modules.dep"), "utf8"));
  const builtin = await readFile(join(modules, "modules.builtin"), "utf8").catch(() => "");
  const closure = moduleClosure([...shimModules, ...optionalShimModules], dependencies, builtin);
  const { files } = closure;
  const missing = closure.missing.filter(name => !(optionalShimModules as readonly string[]).includes(name));
  if (missing.length > 0) {
    throw new Problem("kernel/package-unusable", {
      message: `${found.name} ${found.version} has no ${missing.join(", ")}, without which no machine boots`,
    });
  }
  for (const file of files) {
    await cp(join(modules, file), join(target, release, file));
  }
  await writeFile(join(target, shimModulesList), files.map(file => `${release}/${file}\n`).join(""));
}

/**
 * An ext4 image: the kernel has it for the root drive anyway, and `mke2fs -d` needs neither root nor a mount.
 *
 * Inside a user namespace of its own the builder sees its own files as root's, so the drive says root:root no matter
 * who runs this. No journal, as nobody ever writes to it.
 */
async function buildModulesDrive(modules: string, target: string, signal: AbortSignal): Promise<void> {
  for (const link of ["build", "source"]) await rm(join(modules, link), { force: true });
  const bytes = await treeBytes(modules);
  const sizeMiB = Math.ceil((bytes * 1.1) / 1024 ** 2) + 16;
  const features = "^has_journal,^resize_inode,^metadata_csum,^64bit";
  await run(
    ["unshare", "--user", "--map-root-user", "--"].concat(
      [
        "mke2fs",
        "-q",
        "-F",
        "-t",
        "ext4",
        "-b",
        "4096",
        "-m",
        "0",
        "-O",
        features,
        "-E",
        "hash_seed=00000000-0000-4000-8000-000000000000",
      ],
      ["-U", "00000000-0000-4000-8000-000000000000", "-L", "labyard-modules", "-d", modules, target, `${sizeMiB}M`],
    ),
    { signal, timeoutMs: 5 * 60_000, env: { ...process.env, E2FSPROGS_FAKE_TIME: "1" } },
  );
}

/** Space the files take in blocks of 4 KiB, one more for each file's inode and name. */
async function treeBytes(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    bytes += 4096;
    if (entry.isFile()) bytes += Math.ceil((await stat(join(entry.parentPath, entry.name))).size / 4096) * 4096;
  }
  return bytes;
}
