import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "../../api/problems.ts";
import { run } from "../../host/process.ts";
import { openDebianIndex } from "./debian-archive.ts";
import { downloadPackage, findKernelPackage, type OfferedPackage } from "./package-index.ts";
import type { KernelOrigin } from "./install.ts";

export interface FetchOptions {
  /** Where to put what is downloaded, and its content below `tree`. */
  directory: string;
  /** Packages laid here by hand win over every index: for hosts that reach none. */
  localDirectory: string;
  /** Keeps package lists of Debian's archive between calls. */
  indexDirectory: string;
  onProgress?: (message: string) => void;
  signal: AbortSignal;
}

/**
 * Unpacks the package of kernel line `version` ("6.1") into `tree`: a file in the local directory, else the newest
 * of the host's package index, else the newest of Debian's archive.
 *
 * Needs no root. Rejects with `kernel/not-obtainable`, which says where it was looked for and what to do.
 */
export async function unpackKernelPackage(version: string, tree: string, options: FetchOptions): Promise<KernelOrigin> {
  const local = await findLocalPackage(version, options);
  if (local !== undefined) {
    await unpackPackage(local.file, tree, options.signal);
    return { name: local.name, version: local.version };
  }
  const { file, ...origin } = await download(version, options);
  options.onProgress?.(`unpacking ${origin.name} ${origin.version}`);
  await unpackPackage(file, tree, options.signal);
  await rm(file);
  return origin;
}

/** A kernel package that somebody has as a file. */
export async function unpackPackageFile(file: string, tree: string, signal: AbortSignal): Promise<KernelOrigin> {
  const origin = await readPackageName(file, signal);
  await unpackPackage(file, tree, signal);
  return origin;
}

async function download(version: string, options: FetchOptions): Promise<OfferedPackage & { file: string }> {
  const { signal } = options;
  const tried: string[] = [];
  for (const [where, open] of [
    ["this host's package index", async () => ({})],
    ["Debian's archive", () => openDebianIndex(version, join(options.indexDirectory, version), signal)],
  ] as const) {
    try {
      const index = await open();
      const offered = index && (await findKernelPackage(version, index, signal));
      if (index === undefined || offered === undefined) {
        tried.push(`${where} has none`);
        continue;
      }
      options.onProgress?.(`downloading ${offered.name} ${offered.version}`);
      const file = await downloadPackage(offered, index, options);
      if (file !== undefined) return { ...offered, file };
      tried.push(`${where} offers ${offered.name}, but apt did not deliver it`);
    } catch (error) {
      signal.throwIfAborted();
      tried.push(`${where}: ${Problem.from(error).message.split("\n")[0]}`);
    }
  }
  throw new Problem("kernel/not-obtainable", {
    message: `Kernel ${version} is not obtainable here: ${tried.join("; ")}`,
    hint:
      `Run 'apt-get update' (as root) if the index may be missing or old. On a host that cannot reach it, put ` +
      `Debian's linux-image-${version}.*-cloud-amd64 package into ${options.localDirectory} and try again.`,
  });
}

async function findLocalPackage(
  version: string,
  options: FetchOptions,
): Promise<(KernelOrigin & { file: string }) | undefined> {
  const names = await readdir(options.localDirectory).catch(() => []);
  for (const name of names.filter(candidate => /^linux-image-.*\.deb$/.test(candidate)).toSorted()) {
    const file = join(options.localDirectory, name);
    const origin = await readPackageName(file, options.signal);
    if (origin.version.startsWith(`${version}.`)) return { ...origin, file };
  }
  return undefined;
}

async function readPackageName(file: string, signal: AbortSignal): Promise<KernelOrigin> {
  const shown = await run(["dpkg-deb", "--show", "--showformat=${Package}\t${Version}", file], {
    signal,
    allowFailure: true,
  });
  const [name, version] = shown.stdout.trim().split("\t");
  if (shown.exitCode === 0 && name && version) return { name, version };
  const isThere = await readFile(file).then(
    () => true,
    () => false,
  );
  throw new Problem("kernel/package-unusable", {
    message: isThere ? `${file} is not a Debian package` : `${file} cannot be read`,
  });
}

async function unpackPackage(file: string, tree: string, signal: AbortSignal): Promise<void> {
  await run(["dpkg-deb", "--extract", file, tree], { signal, timeoutMs: 5 * 60_000 });
}
