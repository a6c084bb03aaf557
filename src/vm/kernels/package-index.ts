import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../host/process.ts";

/** A package as an index offers it. */
export interface OfferedPackage {
  /** e.g. "linux-image-6.1.0-56-cloud-amd64" */
  name: string;
  /** e.g. "6.1.192-2" */
  version: string;
}

/** Which package lists apt reads: the host's own, or those that a configuration file names. */
export interface PackageIndex {
  aptConfig?: string;
}

/**
 * Debian's kernels for virtual machines. Beside the generic ones they boot faster (ext4 built in, a third of the
 * modules) and have all a playground uses: overlay, bridges, netfilter, wireguard, all five drive filesystems. They
 * lack vmgenid, 9p and hardware drivers.
 */
const flavour = "cloud-amd64";

/** The newest kernel package of the line `version` ("6.1") in the index, or undefined. Needs no network. */
export async function findKernelPackage(
  version: string,
  index: PackageIndex,
  signal: AbortSignal,
): Promise<OfferedPackage | undefined> {
  const pattern = `^linux-image-${version.replaceAll(".", "\\.")}\\.[0-9][^ ]*-${flavour}$`;
  const found = await run(["apt-cache", "--names-only", "search", pattern], {
    ...environment(index),
    signal,
    allowFailure: true,
  });
  const name = newestName(found.stdout.split("\n").map(line => line.split(" ")[0] ?? ""));
  if (name === undefined) return undefined;
  const shown = await run(["apt-cache", "--no-all-versions", "show", name], {
    ...environment(index),
    signal,
    allowFailure: true,
  });
  const packageVersion = /^Version: (.*)$/m.exec(shown.stdout)?.[1];
  return packageVersion === undefined ? undefined : { name, version: packageVersion };
}

/** The name with the highest numbers in it; unsigned and debugging variants do not count. */
export function newestName(names: readonly string[]): string | undefined {
  return names
    .filter(name => name.startsWith("linux-image-") && name.endsWith(`-${flavour}`))
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .at(-1);
}

/** Downloads a package into a directory, verified against the index. Returns its file, or undefined when apt gave none. */
export async function downloadPackage(
  offered: OfferedPackage,
  index: PackageIndex,
  options: { directory: string; signal: AbortSignal },
): Promise<string | undefined> {
  // In its own directory and as whoever we are: apt's download sandbox needs root, and a directory its user can write.
  await run(["apt-get", "-q", "-o", "APT::Sandbox::User=", "download", `${offered.name}=${offered.version}`], {
    ...environment(index),
    cwd: options.directory,
    signal: options.signal,
    timeoutMs: 15 * 60_000,
  });
  const file = (await readdir(options.directory)).find(
    name => name.startsWith(`${offered.name}_`) && name.endsWith(".deb"),
  );
  return file === undefined ? undefined : join(options.directory, file);
}

function environment({ aptConfig }: PackageIndex): { env?: NodeJS.ProcessEnv } {
  return aptConfig === undefined ? {} : { env: { ...process.env, APT_CONFIG: aptConfig } };
}
