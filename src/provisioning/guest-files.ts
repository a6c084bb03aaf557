import { createHash } from "node:crypto";
import type { DrivePlan, HostsEntry, MachinePlan, Plan } from "../plan/plan.ts";
import type { PlayKeys } from "./keys.ts";

export const sha256 = (content: string) => createHash("sha256").update(content).digest("hex");

/** Lines for /etc/hosts. A machine's own name stands for its address: cluster software announces what it resolves to. */
export function renderHosts(entries: readonly HostsEntry[]): string {
  const lines = ["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback"];
  return text([...lines, ...entries.map(({ address, names }) => `${address}\t${names.join(" ")}`)]);
}

export function renderResolvConf(nameservers: readonly string[]): string {
  return text(nameservers.map(address => `nameserver ${address}`));
}

/**
 * Lines for /etc/fstab, parents before children. The root drive has none: the shim has mounted it already.
 *
 * `nofail`: a damaged data drive must not stop the boot.
 */
export function renderFstab(drives: readonly DrivePlan[], driveUuids: Readonly<Record<string, string>>): string {
  return text(
    mountedDrives(drives).map(drive => {
      const uuid = driveUuids[drive.device];
      // Drives made from one image share its UUID; their places in the manifest tell them apart.
      const device = drive.source === undefined ? `UUID=${uuid}` : `/dev/${drive.device}`;
      if (drive.source === undefined && uuid === undefined)
        throw new Error(`the file system of ${drive.device} has no known UUID`);
      // XFS refuses a second one of the same UUID, which two drives from one image have.
      const shared = drive.filesystem === "xfs" && drive.source !== undefined ? ",nouuid" : "";
      const options = `defaults,nofail${drive.readOnly ? ",ro" : ""}${shared}`;
      return `${device}\t${fstabField(drive.mount)}\t${drive.filesystem}\t${options}\t0\t0`;
    }),
  );
}

/** All drives with a mount point but the root drive, parents before children. */
export function mountedDrives(drives: readonly DrivePlan[]) {
  return drives
    .flatMap(drive => {
      const { mount, filesystem } = drive;
      return mount === undefined || mount === "/" || filesystem === undefined ? [] : [{ ...drive, mount, filesystem }];
    })
    .toSorted((a, b) => depth(a.mount) - depth(b.mount) || a.index - b.index);
}

const depth = (path: string) => path.split("/").length;

/** As getmntent(3) reads it back. */
function fstabField(path: string): string {
  return path.replaceAll(/[\\ \t\n]/g, character => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
}

/** The host keys of all machines under all their names and addresses, for /etc/ssh/ssh_known_hosts. */
export function renderKnownHosts(plan: Plan, keys: PlayKeys): string {
  return text(
    plan.machines.map(machine => {
      const names = machine.interfaces.flatMap(({ network, address }) => [`${machine.name}.${network}`, address]);
      return `${[...new Set([machine.name, ...names])].join(",")} ${keysOf(keys, machine).host.publicKey}`;
    }),
  );
}

export function keysOf(keys: PlayKeys, machine: Pick<MachinePlan, "name">) {
  const found = keys.machines[machine.name];
  if (found === undefined) throw new Error(`the play has no keys for ${machine.name}`);
  return found;
}

/** Unique per play and machine, the same for the life of the play. */
export function renderMachineId(plan: Plan, machine: MachinePlan): string {
  return `${sha256(`machine-id ${plan.playId} ${machine.name}`).slice(0, 32)}\n`;
}

export function text(lines: readonly string[]): string {
  return lines.map(line => `${line}\n`).join("");
}
