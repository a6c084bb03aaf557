import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "../../api/problems.ts";
import { run } from "../../host/process.ts";
import { writeFileAtomic } from "../../lib/atomic-file.ts";
import { extractBootableElf } from "./bzimage.ts";
import type { InstalledKernel, KernelOptions } from "./catalogue.ts";
import { moduleClosure, parseModulesDep, shimModules } from "./modules.ts";
import { fetchKernelPackage, type KernelPackage } from "./package.ts";

export const recordFile = "kernel.json";
/** Modules that the shim loads, in load order: one path below /lib/modules/<release> a line. */
export const shimModulesList = "load-order";

/**
 * Fills an empty directory with one kernel: image, modules drive, the shim's modules, and the record, which comes last.
 */
export async function installKernel(
  version: string,
  directory: string,
  options: KernelOptions & { localDirectory: string },
): Promise<void> {
  const { signal, onProgress } = options;
  onProgress?.(`fetching kernel ${version}`);
  const found = await fetchKernelPackage(version, { directory, localDirectory: options.localDirectory, signal });
  onProgress?.(`unpacking ${found.name} ${found.version}`, 0.4);
  const tree = join(directory, "tree");
  await run(["dpkg-deb", "--extract", found.file, tree], { signal, timeoutMs: 5 * 60_000 });
  const release = await findRelease(tree, found);
  const modules = join(tree, "lib", "modules", release);
  await run(["depmod", "--basedir", tree, release], { signal });
  const image = await placeImage(join(tree, "boot", `vmlinuz-${release}`), directory, signal);
  await placeShimModules(modules, join(directory, "shim-modules"), { release, found });
  onProgress?.(`building the modules drive of kernel ${release}`, 0.7);
  await buildModulesDrive(modules, join(directory, "modules.ext4"), signal);
  await rm(tree, { recursive: true });
  // A package from the local directory is its owner's; only what was downloaded here goes.
  if (found.file.startsWith(directory)) await rm(found.file);
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

async function findRelease(tree: string, found: KernelPackage): Promise<string> {
  // Distributions with a merged /usr may ship the modules below it.
  const merged = join(tree, "usr", "lib", "modules");
  const plain = join(tree, "lib", "modules");
  if ((await names(plain)).length === 0 && (await names(merged)).length > 0) {
    await mkdir(join(tree, "lib"), { recursive: true });
    await rename(merged, plain);
  }
  const images = await names(join(tree, "boot"));
  const release = (await names(plain)).find(name => images.includes(`vmlinuz-${name}`));
  if (release === undefined) {
    throw new Problem("kernel/package-unusable", {
      message: `Package ${found.name} ${found.version} has no kernel image with modules of the same release`,
    });
  }
  return release;
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
  { release, found }: { release: string; found: KernelPackage },
): Promise<void> {
  const dependencies = parseModulesDep(await readFile(join(modules, "modules.dep"), "utf8"));
  const builtin = await readFile(join(modules, "modules.builtin"), "utf8");
  const { files, missing } = moduleClosure(shimModules, dependencies, builtin);
  if (missing.length > 0) {
    throw new Problem("kernel/package-unusable", {
      message: `Package ${found.name} ${found.version} has no ${missing.join(", ")}, without which no machine boots`,
    });
  }
  for (const file of files) {
    if (!file.endsWith(".ko")) {
      throw new Problem("kernel/package-unusable", {
        message: `Package ${found.name} ${found.version} has compressed modules, which the shim cannot load`,
      });
    }
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
