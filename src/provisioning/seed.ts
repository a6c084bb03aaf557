import { createHash } from "node:crypto";
import { Problem } from "../api/problems.ts";
import { type CpioEntry, withParents, writeCpio } from "../lib/cpio.ts";
import type { MachinePlan, Plan, StartupFilePlan } from "../plan/plan.ts";
import {
  keysOf,
  mountedDrives,
  renderFstab,
  renderHosts,
  renderKnownHosts,
  renderMachineId,
  renderResolvConf,
  sha256,
  text,
} from "./guest-files.ts";
import { defaultRoute, netmask, registryRoute, renderNetworkManagers } from "./guest-network.ts";
import type { PlayKeys } from "./keys.ts";
import { mountUnit } from "./mount-unit.ts";
import { type Authority, renderTrust } from "./trust.ts";
import { welcomeAction, welcomeScript, welcomeText } from "./welcome.ts";

export interface SeedInput {
  plan: Plan;
  machine: MachinePlan;
  keys: PlayKeys;
  /** Who signed the certificate of the play's registry: the machine shall trust it. */
  authority: Authority;
  /** Of the file systems of the drives, by device ("vdb"); every mounted drive but the root drive needs one. */
  driveUuids: Readonly<Record<string, string>>;
  /** The read-only drive with the kernel's modules; absent when the kernel has none to load later. */
  modulesDrive?: { device: string; filesystem: string };
}

/**
 * The seed of one machine: a newc archive that is appended to the initramfs and tells the shim what to do.
 *
 * Equal input gives equal bytes. What an author wrote travels as file content or as a field of a table, never as shell
 * code. guest/README.md describes the format. Rejects paths that a table cannot hold with `provisioning/seed-path`.
 */
export function renderSeed(input: SeedInput): Buffer {
  const { plan, machine, keys } = input;
  const own = keysOf(keys, machine);
  const applied = renderApplied(input);
  const run: Record<string, string> = {
    ...renderNetworkManagers(plan, machine),
    "labyard/authorized_keys": text([keys.channel.publicKey]),
  };
  const files: CpioEntry[] = [
    { path: "labyard/machine", type: "file", content: table(machineRows(input)), mode: 0o600 },
    ...Object.entries(run).map(([path, content]) => file(`labyard/run/${path}`, content)),
    file("labyard/run/labyard/ssh_host_ed25519_key", own.channelHost.privateKey, 0o600),
    // Holds private keys; the image sees it only while it is applied.
    { path: "labyard/seed", type: "directory", mode: 0o700 },
    ...applied.map(entry => ({ ...entry, path: `labyard/seed/${entry.path}` })),
  ];
  return writeCpio(withParents(files));
}

/** For `init`: how to reach the root drive and the network. */
function machineRows({ plan, machine, modulesDrive }: SeedInput): Row[] {
  const root = machine.drives.find(drive => drive.mount === "/");
  if (root?.filesystem === undefined) throw new Error(`${machine.name} has no root drive with a file system`);
  const route = defaultRoute(plan, machine);
  const toRegistry = registryRoute(plan, machine);
  return [
    ["hostname", machine.name],
    ["root", `/dev/${root.device}`, root.filesystem],
    // The shim has the ext family; the modules of any other root are on the drive that has them all.
    ...(modulesDrive === undefined || root.filesystem.startsWith("ext")
      ? []
      : [["modules", `/dev/${modulesDrive.device}`, modulesDrive.filesystem]]),
    ...machine.interfaces.map(entry => [
      "interface",
      entry.name,
      entry.mac,
      entry.address,
      netmask(entry.prefixLength),
    ]),
    ...(route === undefined ? [] : [["gateway", route.gateway, route.device]]),
    ...(toRegistry === undefined ? [] : [["route", toRegistry.destination, toRegistry.gateway, toRegistry.device]]),
  ];
}

/** For `apply`: everything that changes the drives, by path below /run/labyard/seed. */
function renderApplied(input: SeedInput): CpioEntry[] {
  const { plan, machine, keys, driveUuids } = input;
  const platformFiles = renderPlatformFiles(plan, machine, keys);
  const users = trustedUsers(machine);
  const startup = machine.startupFiles.map((entry, index) => startupRow(machine.startupFiles, entry, index));
  const trust = renderTrust(plan.registry.names, input.authority);
  const mounted = mountedDrives(machine.drives);
  const blocks = [
    { name: "hosts", place: "first", target: "/etc/hosts", content: renderHosts(machine.hosts) },
    {
      name: "known-hosts",
      place: "first",
      target: "/etc/ssh/ssh_known_hosts",
      content: renderKnownHosts(plan, keys),
    },
    ...(mounted.length === 0
      ? []
      : [{ name: "fstab", place: "last", target: "/etc/fstab", content: renderFstab(machine.drives, driveUuids) }]),
  ];
  const rows: Row[] = [
    ["play", plan.playId],
    ...mounted.map(drive => [
      "drive",
      `/dev/${drive.device}`,
      drive.filesystem,
      drive.readOnly ? "ro" : "rw",
      mountUnit(drive.mount),
      drive.mount,
    ]),
    ...(input.modulesDrive ? [["modules", `/dev/${input.modulesDrive.device}`, input.modulesDrive.filesystem]] : []),
    ...platformFiles.map(({ policy, path, content }) => ["file", policy, sha256(content), path]),
    ...trust.rows,
    ...users.map(user => ["user", user.name, welcomeAction(user)]),
    ...blocks.map(({ name, place, target }) => ["block", name, place, target]),
    ...startup,
  ];
  const contents: CpioEntry[] = [
    {
      ...file("files.cpio", ""),
      content: writeCpio(platformFiles.map(({ path, content, mode }) => file(path, content, mode))),
    },
    ...blocks.map(({ name, content }) => file(`blocks/${name}`, content)),
    ...trust.files,
    file("blocks/authorized-keys", text([keys.trust.publicKey])),
    file("trust/id_ed25519", keys.trust.privateKey, 0o600),
    file("trust/id_ed25519.pub", text([keys.trust.publicKey])),
    file("trust/digest", text([sha256(keys.trust.privateKey)])),
    ...users.flatMap(({ name, welcome }) =>
      typeof welcome === "string" ? [file(`welcome/${name}`, welcomeText(welcome))] : [],
    ),
    ...machine.startupFiles.map((entry, index) => file(`startup/${index}`, entry.content)),
  ];
  // Startup files have records of their own; all else is left alone while this digest is the one on the drive.
  const digest = createHash("sha256").update(table(rows)).update(writeCpio(contents)).digest("hex");
  return [file("table", table([["seed", digest], ...rows])), ...contents];
}

interface PlatformFile {
  /** See `ours` in guest/…/apply. */
  policy: "replace" | "once";
  /** Without leading slash */
  path: string;
  content: string;
  mode?: number;
}

function renderPlatformFiles(plan: Plan, machine: MachinePlan, keys: PlayKeys): PlatformFile[] {
  const { host } = keysOf(keys, machine);
  const files: PlatformFile[] = [
    { policy: "replace", path: "etc/hostname", content: `${machine.name}\n` },
    { policy: "replace", path: "etc/resolv.conf", content: renderResolvConf(machine.nameservers) },
    { policy: "replace", path: "etc/machine-id", content: renderMachineId(plan, machine), mode: 0o444 },
    { policy: "replace", path: "etc/ssh/ssh_host_ed25519_key", content: host.privateKey, mode: 0o600 },
    { policy: "replace", path: "etc/ssh/ssh_host_ed25519_key.pub", content: text([host.publicKey]) },
  ];
  if (plan.hasInitConditions) {
    const content = `${JSON.stringify(plan.initConditions, null, 2)}\n`;
    files.push({ policy: "once", path: "opt/iximiuz-labs/init-conditions.json", content });
  }
  if (machine.users.some(({ welcome }) => typeof welcome === "string")) {
    files.push({ policy: "replace", path: "etc/profile.d/labyard-welcome.sh", content: welcomeScript });
  }
  return files;
}

/** Root is always available, listed or not. */
function trustedUsers({ users }: MachinePlan): MachinePlan["users"] {
  return users.some(({ name }) => name === "root") ? users : [{ name: "root" }, ...users];
}

/** The digest names the entry in the record on the drive; an entry written twice in the manifest is applied twice. */
function startupRow(entries: readonly StartupFilePlan[], entry: StartupFilePlan, index: number): Row {
  const { path, content, append, owner = "-", mode = "-" } = entry;
  const identity = JSON.stringify([path, content, append, owner, mode]);
  const earlier = entries.slice(0, index).filter(other => sameEntry(other, entry)).length;
  const digest = sha256(`${identity} ${earlier}`);
  return ["startup", String(index), digest, append ? "append" : "write", mode, owner, path];
}

function sameEntry(a: StartupFilePlan, b: StartupFilePlan): boolean {
  return (
    a.path === b.path && a.content === b.content && a.append === b.append && a.owner === b.owner && a.mode === b.mode
  );
}

type Row = readonly string[];

/** One row a line, fields separated by tabs; "-" stands for an absent field, since shells fold empty ones. */
function table(rows: readonly Row[]): string {
  for (const row of rows) {
    for (const field of row) {
      if (field === "" || /\p{Cc}/u.test(field)) {
        throw new Problem("provisioning/seed-path", {
          message: `${JSON.stringify(field)} cannot be used: it is empty or has control characters`,
        });
      }
    }
  }
  return text(rows.map(row => row.join("\t")));
}

function file(path: string, content: string, mode = 0o644): CpioEntry & { type: "file" } {
  return { path, type: "file", content, mode };
}
