import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { run } from "../../host/process.ts";
import type { CpioEntry } from "../../lib/cpio.ts";
import { parseLdd, publishArchive } from "./initramfs.ts";

/** In the guest. All of it lies in one directory of a tmpfs, so that no path of the image is touched or needed. */
const directory = "/run/labyard/sshd";
const loader = `${directory}/ld.so`;
const archiveName = "sshd";
const program = "usr/sbin/sshd";
/** Since 9.8 the listener starts these for each connection. */
const parts = ["usr/lib/openssh/sshd-session", "usr/lib/openssh/sshd-auth"];
const libraryDirectories = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];

export interface LentSshdOptions {
  /** Where the archives of a kernel are. */
  directory: string;
  /** Root of a system that may have an OpenSSH server; default: this host's. Tests name an empty one. */
  host?: string;
  signal: AbortSignal;
}

/**
 * The archive that brings an sshd to a machine whose image has none that runs, and returns its path: the program, its
 * libraries and their loader, independent of the image's C library.
 *
 * It is this host's own OpenSSH server; where there is none, the distribution's package is fetched and unpacked, not
 * installed. Rejects when that is not possible.
 */
export async function ensureLentSshd(options: LentSshdOptions): Promise<string> {
  const host = options.host ?? "/";
  if (await exists(join(host, program))) return publishArchive(options.directory, archiveName, await entriesOf(host));
  const fetched = (await readdir(options.directory)).find(name => /^sshd-\w+\.cpio$/.test(name));
  if (fetched !== undefined) return join(options.directory, fetched);
  const work = await mkdtemp(join(tmpdir(), "labyard-openssh-"));
  try {
    await fetchOpenSsh(work, options.signal);
    return await publishArchive(options.directory, archiveName, await entriesOf(join(work, "tree")));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Unpacks the distribution's server, and what it needs and this host lacks, into <work>/tree. Needs no root. */
async function fetchOpenSsh(work: string, signal: AbortSignal): Promise<void> {
  const wanted = ["--no-install-recommends", "--reinstall", "install", "openssh-server"];
  const { stdout } = await run(["apt-get", "--simulate", ...wanted], { signal, timeoutMs: 60_000 });
  const packages = [...stdout.matchAll(/^Inst ([a-z0-9][a-z0-9.+-]*) /gm)].map(match => match[1] as string);
  // In its own directory and as whoever we are: apt's download sandbox needs root, and a directory its user can write.
  await run(["apt-get", "-q", "-o", "APT::Sandbox::User=", "download", ...new Set(["openssh-server", ...packages])], {
    cwd: work,
    signal,
    timeoutMs: 10 * 60_000,
  });
  for (const name of await readdir(work)) {
    if (!name.endsWith(".deb")) continue;
    await run(["dpkg-deb", "--extract", join(work, name), join(work, "tree")], { signal, timeoutMs: 60_000 });
  }
}

async function entriesOf(root: string): Promise<CpioEntry[]> {
  const entries = new Map<string, CpioEntry>();
  const add = (name: string, content: Buffer) => {
    // What the archive has below labyard/run, the shim copies to /run.
    entries.set(name, { path: `labyard${directory}/${name}`, type: "file", mode: 0o755, content });
  };
  const libraryPath = libraryDirectories.map(name => join(root, name)).join(":");
  for (const file of [program, ...parts]) {
    const path = join(root, file);
    if (!(await exists(path))) continue;
    const { stdout } = await run(["ldd", path], { env: { ...process.env, LD_LIBRARY_PATH: libraryPath } });
    for (const library of parseLdd(stdout)) {
      const isLoader = basename(library).startsWith("ld-linux");
      add(isLoader ? basename(loader) : basename(library), await readFile(library));
    }
    add(basename(file), withInterpreter(await readFile(path), loader));
  }
  return [...entries.values()];
}

/** The program with another dynamic loader. Its path must not be longer than the one it takes the place of. */
function withInterpreter(elf: Buffer, interpreter: string): Buffer {
  const tableAt = Number(elf.readBigUInt64LE(32));
  const entryBytes = elf.readUInt16LE(54);
  for (let entry = 0; entry < elf.readUInt16LE(56); entry++) {
    const at = tableAt + entry * entryBytes;
    if (elf.readUInt32LE(at) !== 3) continue;
    const offset = Number(elf.readBigUInt64LE(at + 8));
    const size = Number(elf.readBigUInt64LE(at + 32));
    if (Buffer.byteLength(interpreter) >= size) break;
    const changed = Buffer.from(elf);
    changed.fill(0, offset, offset + size).write(interpreter, offset);
    return changed;
  }
  throw new Error(`sshd has no room for the loader ${interpreter}`);
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
