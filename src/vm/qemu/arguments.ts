import type { DriveFile } from "../../plan/plan.ts";
import type { VmSpec } from "../machine.ts";
import type { QemuFacts } from "./facts.ts";

/** Descriptors the child inherits: its control channel and the guest's serial port. */
export const qmpDescriptor = 3;
export const consoleDescriptor = 4;

/**
 * Places on the PCI bus, eight functions a slot. Guests probe in this order, so drives are vda, vdb, … and
 * interfaces eth0, eth1, … as listed, however many there are.
 */
const slots = { drives: 1, modulesDrive: 4, interfaces: 5, entropy: 9, panic: 10 } as const;

/** x86-64-v2 and what of the rest the emulator does well: several current distributions refuse to run on less. */
const emulatedCpu = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16,+rdrand,+aes,+pclmulqdq,+fsgsbase";

/** The whole command line of one machine. Pure: equal specs give equal arguments. */
export function qemuArguments(spec: VmSpec, facts: Pick<QemuFacts, "program" | "machineType">): string[] {
  return [
    facts.program,
    ...["-name", `guest=${escapeCommas(spec.name)}`, "-uuid", spec.uuid],
    ...["-nodefaults", "-no-user-config", "-display", "none"],
    ...["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
    ...["-machine", facts.machineType, ...accelerator(spec)],
    // A guest that suspends to RAM or disk would wait for a wake-up that nobody sends.
    ...["-global", "ICH9-LPC.disable_s3=1", "-global", "ICH9-LPC.disable_s4=1"],
    ...["-smp", `cpus=${spec.vcpus},sockets=1,cores=${spec.vcpus},threads=1`, "-m", `size=${spec.memoryMiB}M`],
    ...["-action", "panic=shutdown"],
    ...["-kernel", spec.kernelImage, "-initrd", spec.initrd, "-append", spec.kernelArguments],
    ...["-chardev", `socket,id=qmp,fd=${qmpDescriptor}`, "-mon", "chardev=qmp,mode=control"],
    ...["-chardev", `socket,id=console,fd=${consoleDescriptor}`, "-device", "isa-serial,chardev=console"],
    ...spec.drives.flatMap((drive, index) => driveArguments(drive, `drive${index}`, place(slots.drives, index))),
    ...modulesDriveArguments(spec),
    ...spec.taps.flatMap(({ tap, mac }, index) => interfaceArguments(tap, mac, index)),
    ...["-object", "rng-builtin,id=entropy"],
    ...["-device", `virtio-rng-pci,rng=entropy,${place(slots.entropy, 0)}`],
    ...["-device", `pvpanic-pci,${place(slots.panic, 0)}`],
  ];
}

function accelerator(spec: VmSpec): string[] {
  if (spec.acceleration === "kvm") return ["-accel", "kvm", "-cpu", "host"];
  // The buffer is address space, not memory: what a guest never runs is never touched. Smaller than the code of a
  // booting systemd (128 MiB is enough, 64 is not) it is flushed and translated again, which costs seconds.
  return ["-accel", "tcg,thread=multi,tb-size=512", "-cpu", emulatedCpu];
}

/** Formats are always said, above and below: a guest that writes a qcow2 header into its drive gains nothing. */
function driveArguments(drive: DriveFile, id: string, at: string): string[] {
  const file = (path: string) => ({ driver: "file", filename: path });
  const node = {
    driver: drive.format,
    "node-name": id,
    "read-only": drive.readOnly,
    discard: "unmap",
    file: { ...file(drive.path), discard: "unmap" },
    ...(drive.format === "qcow2" ? { backing: backingNode(drive) } : {}),
  };
  return ["-blockdev", JSON.stringify(node), "-device", `virtio-blk-pci,drive=${id},${at}`];
}

/** null, not absent: absent means whatever the file itself names. */
function backingNode({ backing }: DriveFile): object | null {
  if (backing === undefined) return null;
  return { driver: backing.format, "read-only": true, file: { driver: "file", filename: backing.path } };
}

function modulesDriveArguments({ modulesDrive }: VmSpec): string[] {
  if (modulesDrive === undefined) return [];
  const drive: DriveFile = { path: modulesDrive, format: "raw", readOnly: true };
  return driveArguments(drive, "modules", place(slots.modulesDrive, 0));
}

function interfaceArguments(tap: string, mac: string, index: number): string[] {
  return [
    ...["-netdev", `tap,id=net${index},ifname=${escapeCommas(tap)},script=no,downscript=no,vhost=off`],
    // No boot ROM: nothing boots from the network.
    ...["-device", `virtio-net-pci,netdev=net${index},mac=${mac},romfile=,${place(slots.interfaces, index)}`],
  ];
}

function place(slot: number, index: number): string {
  const hex = (slot + Math.floor(index / 8)).toString(16);
  return `bus=pcie.0,addr=0x${hex}.0x${index % 8},multifunction=on`;
}

function escapeCommas(text: string): string {
  return text.replaceAll(",", ",,");
}
