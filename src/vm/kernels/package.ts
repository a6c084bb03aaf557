import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "../../api/problems.ts";
import { run } from "../../host/process.ts";

/** A distribution's kernel package, downloaded. */
export interface KernelPackage {
  file: string;
  /** e.g. "linux-image-6.1.0-56-cloud-amd64" */
  name: string;
  /** e.g. "6.1.192-2" */
  version: string;
}

/**
 * Debian's kernel for virtual machines. Beside the generic one it boots faster (ext4 built in, LZ4 instead of xz, a
 * third of the modules) and has all a playground uses: overlay, bridges, netfilter, wireguard, all five drive
 * filesystems. It lacks vmgenid, 9p and hardware drivers.
 */
const metaPackage = "linux-image-cloud-amd64";

export interface FetchOptions {
  /** Where to put what is downloaded. */
  directory: string;
  /** Packages laid here by hand win over the package manager: for hosts whose distribution has another kernel. */
  localDirectory: string;
  signal: AbortSignal;
}

/**
 * Finds the package of kernel `version` ("6.1"): a file in the local directory, else what the host's package manager offers.
 *
 * Needs no root: only a package index. Rejects with `kernel/not-obtainable`, which names the version the host does
 * offer and what to do.
 */
export async function fetchKernelPackage(version: string, options: FetchOptions): Promise<KernelPackage> {
  const local = await findLocalPackage(version, options);
  if (local !== undefined) return local;
  const offered = await offeredPackage(options.signal);
  if (offered === undefined || !offered.version.startsWith(`${version}.`))
    throw notObtainable(version, offered, options);
  // In its own directory and as whoever we are: apt's download sandbox needs root, and a directory its user can write.
  await run(["apt-get", "-q", "-o", "APT::Sandbox::User=", "download", `${offered.name}=${offered.version}`], {
    cwd: options.directory,
    signal: options.signal,
    timeoutMs: 15 * 60_000,
  });
  const file = (await readdir(options.directory)).find(
    name => name.startsWith(`${offered.name}_`) && name.endsWith(".deb"),
  );
  if (file === undefined) throw notObtainable(version, offered, options);
  return { ...offered, file: join(options.directory, file) };
}

async function findLocalPackage(version: string, options: FetchOptions): Promise<KernelPackage | undefined> {
  const names = await readdir(options.localDirectory).catch(() => []);
  for (const name of names.filter(candidate => /^linux-image-.*\.deb$/.test(candidate)).toSorted()) {
    const file = join(options.localDirectory, name);
    const { stdout } = await run(["dpkg-deb", "--show", "--showformat=${Package}\t${Version}", file], {
      signal: options.signal,
    });
    const [packageName = "", packageVersion = ""] = stdout.trim().split("\t");
    if (packageVersion.startsWith(`${version}.`)) return { file, name: packageName, version: packageVersion };
  }
  return undefined;
}

/** The package behind the newest meta package in the host's index, or undefined when there is none. */
async function offeredPackage(signal: AbortSignal): Promise<Omit<KernelPackage, "file"> | undefined> {
  const shown = await run(["apt-cache", "--no-all-versions", "show", metaPackage], { signal, allowFailure: true });
  return parseMetaPackage(shown.stdout);
}

/** Reads the first stanza of `apt-cache show`: its version and the one kernel package it depends on. */
export function parseMetaPackage(stanzas: string): Omit<KernelPackage, "file"> | undefined {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(stanzas)?.[1];
  const version = field("Version");
  const name = /\blinux-image-[0-9][\w.+-]*/.exec(field("Depends") ?? "")?.[0];
  return version === undefined || name === undefined ? undefined : { name, version };
}

function notObtainable(
  version: string,
  offered: Omit<KernelPackage, "file"> | undefined,
  options: FetchOptions,
): Problem {
  const what = offered
    ? `this host's package index offers ${metaPackage} ${offered.version}`
    : `this host's package index has no ${metaPackage}`;
  return new Problem("kernel/not-obtainable", {
    message: `Kernel ${version} is not obtainable here: ${what}`,
    hint:
      `Run 'apt-get update' (as root) if the index may be missing or old. On a distribution without that kernel, put ` +
      `Debian's linux-image-${version}.*-cloud-amd64 package into ${options.localDirectory} and try again.`,
  });
}
