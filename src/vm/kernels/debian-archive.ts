import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../host/process.ts";
import type { PackageIndex } from "./package-index.ts";

/** Where Debian keeps the kernels of each line, best first: suites of its archive and of its security archive. */
const suites: Record<string, { archive: readonly string[]; security: readonly string[] }> = {
  "5.10": { archive: ["bullseye"], security: ["bullseye-security"] },
  "6.1": { archive: ["bookworm"], security: ["bookworm-security"] },
  "6.12": { archive: ["trixie"], security: ["bookworm-security"] },
  "6.18": { archive: ["trixie-backports"], security: [] },
};
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
/**
 * Hosts of other distributions have no Debian archive in their package lists. This program, which builds the default
 * image, knows it, but has no way of printing it: two lines of its source name the archives.
 */
const mirrorSource = "/usr/bin/mmdebstrap";
const freshForMs = 24 * 60 * 60_000;

/** Addresses of Debian's archives as this host reaches them. */
export interface DebianArchive {
  archive: string;
  security?: string;
}

/**
 * Package lists of the Debian suites that have this kernel line, in `directory`, beside those of the host and without
 * touching them; needs no root. Fetched again after a day. Undefined when the line or a mirror is not known here;
 * rejects when the lists cannot be fetched.
 */
export async function openDebianIndex(
  version: string,
  directory: string,
  signal: AbortSignal,
): Promise<PackageIndex | undefined> {
  const wanted = suites[version];
  const mirror = wanted && (await findDebianArchive(signal));
  if (wanted === undefined || mirror === undefined) return undefined;
  const aptConfig = join(directory, "apt.conf");
  const sources = sourcesList(mirror, wanted);
  if (await isFresh(directory, sources)) return { aptConfig };
  await mkdir(join(directory, "lists", "partial"), { recursive: true });
  await mkdir(join(directory, "cache", "archives", "partial"), { recursive: true });
  await writeFile(aptConfig, aptConfiguration(directory));
  await writeFile(join(directory, "sources.list"), sources);
  await run(["apt-get", "-q", "update", "--error-on=any"], {
    env: { ...process.env, APT_CONFIG: aptConfig },
    signal,
    timeoutMs: 5 * 60_000,
  });
  await writeFile(join(directory, "fetched"), sources);
  return { aptConfig };
}

/** The host's own mirror when it runs Debian, else the one that the default image is built from. */
async function findDebianArchive(signal: AbortSignal): Promise<DebianArchive | undefined> {
  const format = "$(ORIGIN)|$(CODENAME)|$(REPO_URI)";
  const targets = await run(["apt-get", "indextargets", "--format", format], { signal, allowFailure: true });
  return parseIndexTargets(targets.stdout) ?? parseDefaultMirrors(await readFile(mirrorSource, "utf8").catch(() => ""));
}

/** Lines of `apt-get indextargets`: origin, code name and address of each repository. */
export function parseIndexTargets(text: string): DebianArchive | undefined {
  const debian = text
    .split("\n")
    .map(line => line.split("|"))
    .filter(([origin]) => origin === "Debian");
  const address = (isSecurity: boolean) =>
    debian.find(([, codename = ""]) => codename.endsWith("-security") === isSecurity)?.[2];
  const archive = address(false);
  const security = address(true);
  return archive === undefined ? undefined : { archive, ...(security === undefined ? {} : { security }) };
}

export function parseDefaultMirrors(script: string): DebianArchive | undefined {
  const value = (name: string) => new RegExp(`\\$${name}\\s*=\\s*'(https?://[^'\\s]+)'`).exec(script)?.[1];
  const archive = value("mirror");
  const security = value("secmirror");
  return archive === undefined ? undefined : { archive, ...(security === undefined ? {} : { security }) };
}

function sourcesList(mirror: DebianArchive, wanted: (typeof suites)[string]): string {
  const line = (address: string, suite: string) => `deb [signed-by=${keyring}] ${address} ${suite} main\n`;
  const { security } = mirror;
  return [
    ...wanted.archive.map(suite => line(mirror.archive, suite)),
    ...(security === undefined ? [] : wanted.security.map(suite => line(security, suite))),
  ].join("");
}

/** Everything apt would keep or read elsewhere is turned to this directory; proxies and such stay the host's. */
function aptConfiguration(directory: string): string {
  const settings = {
    "Dir::State::lists": join(directory, "lists"),
    "Dir::State::status": "/dev/null",
    "Dir::Cache": join(directory, "cache"),
    "Dir::Etc::sourcelist": join(directory, "sources.list"),
    "Dir::Etc::sourceparts": "/dev/null",
    // Packages of other releases must not lose against the pins of this one.
    "Dir::Etc::preferences": "/dev/null",
    "Dir::Etc::preferencesparts": "/dev/null",
    "APT::Sandbox::User": "",
    "APT::Architecture": "amd64",
    "APT::Architectures": "amd64",
    "Acquire::Languages": "none",
    "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
    // Old releases stay as they are, and so do the dates their lists promise.
    "Acquire::Check-Valid-Until": "false",
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${JSON.stringify(value)};\n`)
    .join("");
}

async function isFresh(directory: string, sources: string): Promise<boolean> {
  const marker = join(directory, "fetched");
  const age = Date.now() - ((await stat(marker).catch(() => undefined))?.mtimeMs ?? 0);
  return age < freshForMs && (await readFile(marker, "utf8")) === sources;
}
