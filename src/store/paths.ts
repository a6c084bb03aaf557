import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Every file name that Labyard uses on disk, once. docs/reference/files.md explains each.
 *
 * Layout: `db.sqlite`, `client.json`, `images/`, `kernels/`, `plays/<play id>/` below the home directory;
 * sockets live in a short runtime directory because the kernel limits their paths to 107 bytes.
 */
export interface Paths {
  readonly home: string;
  readonly runtime: string;
}

/** The longest path a Unix socket may have: sun_path is 108 bytes with its terminating NUL (unix(7)). */
const socketPathMaxBytes = 107;

/** From $LABYARD_HOME, else /var/lib/labyard for root and ~/.local/share/labyard for others. */
export function resolvePaths(env: NodeJS.ProcessEnv, uid: number): Paths {
  const home =
    env.LABYARD_HOME ?? (uid === 0 ? "/var/lib/labyard" : join(env.HOME ?? homedir(), ".local/share/labyard"));
  const preferred = join(home, "run");
  // The longest socket below it is <24 hex>.sock.
  const runtime =
    Buffer.byteLength(preferred) + 1 + 24 + 5 <= socketPathMaxBytes
      ? preferred
      : join(tmpdir(), `labyard-${uid}-${shortDigest(home)}`);
  return { home, runtime };
}

/** A stable 32-bit FNV-1a in hex: keeps the sockets of two homes apart. */
function shortDigest(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}

export const databaseFile = (paths: Paths) => join(paths.home, "db.sqlite");
/** Endpoint and credentials of the local owner, mode 0600; read by the CLI. */
export const clientFile = (paths: Paths) => join(paths.home, "client.json");
/** An empty file that carries a kernel lock, held by the one server of this home. */
export const serverLockFile = (paths: Paths) => join(paths.home, "server.lock");
/** Address and process of the running server, for messages and for finding it. */
export const serverRecordFile = (paths: Paths) => join(paths.home, "server.json");
/** Private key that `labyard cp` and `ssh-proxy` log in to machines with; the public one beside it ends in .pub. */
export const identityFile = (paths: Paths) => join(paths.home, "ssh", "id_ed25519");
export const configFile = (paths: Paths) => join(paths.home, "config.yaml");
/** The installation's own certificate authority: for its TLS listener and for the registries inside plays. */
export const authorityFiles = (paths: Paths) => ({
  certificate: join(paths.home, "authority", "ca.pem"),
  key: join(paths.home, "authority", "ca.key"),
});

export const blobsDirectory = (paths: Paths) => join(paths.home, "images", "blobs", "sha256");
/** Downloads in progress, named by digest; only the holder of the digest's lock writes there. */
export const partialBlobsDirectory = (paths: Paths) => join(paths.home, "images", "partial");
/** Empty files that carry kernel locks; they stay. */
export const imageLockFile = (paths: Paths, key: string) => join(paths.home, "images", "locks", `${key}.lock`);
export const layoutsDirectory = (paths: Paths) => join(paths.home, "images", "layouts");
export const baseDrivesDirectory = (paths: Paths) => join(paths.home, "images", "bases");
export const baseDriveFile = (paths: Paths, key: string) => join(baseDrivesDirectory(paths), key, "drive.img");
/** What is known of the drive beside it. */
export const baseDriveRecordFile = (paths: Paths, key: string) => join(baseDrivesDirectory(paths), key, "drive.json");
/** A file for each image by the digest of its name: what the name meant last, and by its time when it was used. */
export const imageRecordsDirectory = (paths: Paths) => join(paths.home, "images", "names");
/** A file for each image by its chain ID: what it is like as a machine. */
export const imageVerdictsDirectory = (paths: Paths) => join(paths.home, "images", "verdicts");
export const imageVerdictFile = (paths: Paths, chainHex: string) =>
  join(imageVerdictsDirectory(paths), `${chainHex}.json`);
/** Storage of the engine that builds Dockerfiles. */
export const engineStorageDirectory = (paths: Paths) => join(paths.home, "images", "engine");
/** Archives on their way from an engine into the cache; one directory per process. */
export const imageWorkDirectory = (paths: Paths) => join(paths.home, "images", "work");
/** One private directory per build of a build script; removed at its end, swept by the next build. */
export const scriptBuildsDirectory = (paths: Paths) => join(paths.home, "builds");
export const kernelsDirectory = (paths: Paths) => join(paths.home, "kernels");
/** Results of executed host checks, keyed by what they depend on. */
export const probesFile = (paths: Paths) => join(paths.home, "probes.json");

/** Files that accompany playgrounds: a folder per playground by its id, in it files under random names. */
export const contentDirectory = (paths: Paths) => join(paths.home, "content");

export const playsDirectory = (paths: Paths) => join(paths.home, "plays");
export const playDirectory = (paths: Paths, playId: string) => join(playsDirectory(paths), playId);
/** What the play was asked to be: manifest and init conditions, frozen. */
export const requestFile = (paths: Paths, playId: string) => join(playDirectory(paths, playId), "request.json");
/** Which base drives and kernels the machines of the play use. */
export const preparedFile = (paths: Paths, playId: string) => join(playDirectory(paths, playId), "prepared.json");
export const planFile = (paths: Paths, playId: string) => join(playDirectory(paths, playId), "plan.json");
/** One JSON object a line: what was about to be acquired, and what was released. */
export const ledgerFile = (paths: Paths, playId: string) => join(playDirectory(paths, playId), "ledger.jsonl");
/** One JSON object a line: state events of the play, oldest first. */
export const eventsFile = (paths: Paths, playId: string) => join(playDirectory(paths, playId), "events.jsonl");
/** The runner's last full state, replaced by rename. */
export const stateFile = (paths: Paths, playId: string) => join(playDirectory(paths, playId), "state.json");
export const runnerLogFile = (paths: Paths, playId: string) => join(playDirectory(paths, playId), "runner.log");
/** Key pairs of the play: platform key, trust key, host keys. Mode 0600. */
export const keysFile = (paths: Paths, playId: string) => join(playDirectory(paths, playId), "keys.json");
/** How the play's registry proves who it is: its certificate and private key, and the authority behind it. Mode 0600. */
export const registryIdentityFile = (paths: Paths, playId: string) =>
  join(playDirectory(paths, playId), "registry.json");
/** Everything of the play's registry that is kept while the play exists. */
export const registryDirectory = (paths: Paths, playId: string) => join(playDirectory(paths, playId), "registry");
export const runnerSocket = (paths: Paths, playId: string) => join(paths.runtime, `${playId}.sock`);

export const machineDirectory = (paths: Paths, playId: string, machine: string) =>
  join(playDirectory(paths, playId), "machines", machine);
export const consoleLogFile = (paths: Paths, playId: string, machine: string) =>
  join(machineDirectory(paths, playId, machine), "console.log");
export const driveFile = (paths: Paths, playId: string, machine: string, device: string) =>
  join(machineDirectory(paths, playId, machine), `${device}.qcow2`);
/** Holds private keys, and only until the machine runs: the ending lets the reaper take it away after a crash. */
export const seedFile = (paths: Paths, playId: string, machine: string) =>
  join(machineDirectory(paths, playId, machine), "seed.cpio.tmp");
/** A drive that was formatted on the host, without an image below it. */
export const rawDriveFile = (paths: Paths, playId: string, machine: string, device: string) =>
  join(machineDirectory(paths, playId, machine), `${device}.raw`);
/** What the machine's kernel unpacks: shim, what grows its root drive, seed. As short-lived as the seed. */
export const initrdFile = (paths: Paths, playId: string, machine: string) =>
  join(machineDirectory(paths, playId, machine), "initrd.cpio.tmp");
