import { createHash } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import type { MachineDrives } from "../drives/create-drives.ts";
import { driveUuid } from "../plan/drive-uuid.ts";
import { renderSeed } from "../provisioning/seed.ts";
import { consoleLogFile, initrdFile, seedFile } from "../store/paths.ts";
import { kernelArguments } from "../vm/kernels/command-line.ts";
import { guestDevice, type Vm, type VmSpec } from "../vm/machine.ts";
import { writeInitrd } from "../vm/kernels/initramfs.ts";
import { startVm } from "../vm/qemu/start.ts";
import type { MachineRuntimeOptions } from "./machine-runtime.ts";
import { rootDrive } from "./root-drive.ts";

export type MachineSpecOptions = Pick<
  MachineRuntimeOptions,
  "paths" | "plan" | "machine" | "prepared" | "keys" | "registryIdentity" | "acceleration"
>;

/** Starts the machine's VM. The initrd holds keys, so its file is gone when this resolves. */
export async function startMachine(
  options: MachineRuntimeOptions,
  drives: MachineDrives,
  signal: AbortSignal,
): Promise<Vm> {
  const { paths, plan, machine } = options;
  const spec = await machineSpec(options, drives);
  try {
    return await startVm(spec, { consoleLog: consoleLogFile(paths, plan.playId, machine.name), signal });
  } finally {
    await rm(spec.initrd, { force: true });
  }
}

/** What the VMM is to be told. Afterwards the initrd with the machine's seed exists; the caller removes it. */
export async function machineSpec(
  { paths, plan, machine, prepared, keys, registryIdentity, acceleration }: MachineSpecOptions,
  drives: MachineDrives,
): Promise<VmSpec> {
  const { kernel } = prepared;
  const seed = renderSeed({
    plan,
    machine,
    keys,
    authority: registryIdentity.authority,
    driveUuids: Object.fromEntries(
      machine.drives.map(({ device }) => [device, driveUuid(plan.playId, machine.name, device)]),
    ),
    modulesDrive: { device: guestDevice(machine.drives.length), filesystem: kernel.modulesDriveFilesystem },
  });
  const seedPath = seedFile(paths, plan.playId, machine.name);
  const initrd = initrdFile(paths, plan.playId, machine.name);
  const grow = drives.toGrow.includes(rootDrive(machine).device) ? [kernel.growArchive] : [];
  try {
    await writeFile(seedPath, seed, { mode: 0o600 });
    const lent = prepared.lentSshd === undefined ? [] : [prepared.lentSshd];
    await writeInitrd(initrd, [kernel.initramfs, ...grow, ...lent, seedPath]);
  } finally {
    await rm(seedPath, { force: true });
  }
  return {
    name: machine.name,
    uuid: machineUuid(plan.playId, machine.name),
    vcpus: machine.vcpus,
    memoryMiB: machine.memoryMiB,
    acceleration,
    kernelImage: kernel.image,
    kernelArguments: kernelArguments(acceleration),
    initrd,
    drives: drives.files,
    modulesDrive: kernel.modulesDrive,
    taps: machine.interfaces.map(({ tap, mac }) => ({ tap, mac })),
  };
}

/** The same for the life of the play, different between plays: guests derive identities from it. */
function machineUuid(playId: string, machine: string): string {
  const hex = createHash("sha256").update(`${playId}/${machine}`).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}
