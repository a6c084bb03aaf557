import { faultOfSource } from "../image-reference.ts";
import { defaults, limits } from "../limits.ts";
import { didYouMean, nearest } from "../../lib/nearest.ts";
import { shorten } from "../read/source-tree.ts";
import type { Drive, Incomplete, MachineInput } from "../schema.ts";
import { formatSize, sizeInMiB } from "../size.ts";
import { forEachAt, isText, nameOf, type RuleContext, repeated } from "./context.ts";
import { excessOfPath, hasControlCharacters, isBelow, isNormalisedPath } from "./names.ts";

const reservedMounts = ["/proc", "/sys", "/dev", "/run"];

export function checkDrives(context: RuleContext): void {
  forEachAt(context.spec.machines, "playground.machines", (machine, machinePath, machineIndex) => {
    const path = `${machinePath}.drives`;
    const label = nameOf(machine, machineIndex);
    const { drives } = machine;
    if (drives === undefined && !context.isMissing(path, undefined)) return;
    if (drives === undefined || drives.length === 0 || drives.length > limits.drivesMax) {
      const message =
        drives === undefined || drives.length === 0
          ? `machine ${label} has no drives; add one with "mount: /"`
          : `machine ${label} has ${drives.length} drives, the limit is ${limits.drivesMax}`;
      context.error("manifest/drive-count", path, message);
    }
    if (drives === undefined || drives.length === 0) return;
    checkRoot(context, drives, path, label);
    forEachAt(drives, path, (drive, at, index) => {
      checkSource(context, drive, at);
      checkMount(context, drive, at);
      checkSize(context, drive, at, `drive ${index + 1} of ${label}`);
      checkReadOnly(context, drive, at, `drive ${index + 1} of ${label}`);
    });
    const mounts = drives.map(drive => (drive.mount === "/" ? undefined : drive.mount));
    for (const { name, index } of repeated(mounts)) {
      context.error(
        "manifest/drive-mount",
        `${path}[${index}].mount`,
        `two drives of ${label} are mounted at "${name}"`,
        { value: name },
      );
    }
    checkKernelSnapshot(context, machine, machinePath);
  });
  checkTotal(context);
}

function checkRoot(context: RuleContext, drives: readonly Incomplete<Drive>[], path: string, label: string): void {
  const roots = drives.flatMap((drive, index) => (drive.mount === "/" ? [{ drive, index }] : []));
  const [first, second] = roots;
  if (first === undefined) {
    if (drives.some((_, index) => !context.isMissing(`${path}[${index}].mount`, undefined))) return;
    context.error(
      "manifest/machine-no-root-drive",
      path,
      `machine ${label} has no drive with "mount: /"; exactly one is required`,
    );
    return;
  }
  if (second !== undefined) {
    context.error(
      "manifest/machine-no-root-drive",
      `${path}[${second.index}].mount`,
      `machine ${label} has ${roots.length} drives with "mount: /"; exactly one is required`,
    );
  }
  const at = `${path}[${first.index}]`;
  if (context.isMissing(`${at}.source`, first.drive.source)) {
    context.error(
      "manifest/root-drive-no-source",
      `${at}.source`,
      `the root drive of ${label} needs a source, e.g. debian-12`,
    );
  }
}

function checkSource(context: RuleContext, drive: Incomplete<Drive>, path: string): void {
  const { source, snapshot } = drive;
  if (source === "snapshot" || snapshot !== undefined) {
    checkSnapshot(context, drive, path);
    return;
  }
  if (source === undefined) return;
  const at = `${path}.source`;
  const fault = faultOfSource(source);
  if (fault !== undefined) {
    context.error("manifest/drive-source", at, fault.message, { value: source, suggestion: fault.suggestion });
    return;
  }
  const { knownImages } = context.options;
  if (knownImages === undefined || source.startsWith("oci://") || knownImages.includes(source)) return;
  const suggestion = nearest(source, knownImages);
  context.error(
    "manifest/drive-source",
    at,
    `"${source}" is not a named image of this installation.${didYouMean(suggestion)}`,
    {
      value: source,
      suggestion,
      hint: `Named images: ${knownImages.join(", ")}. Others are written oci://host/repository:tag.`,
    },
  );
}

function checkSnapshot(context: RuleContext, drive: Incomplete<Drive>, path: string): void {
  const id = drive.snapshot?.id;
  if (drive.source !== "snapshot") {
    context.error("manifest/snapshot-reference", `${path}.snapshot`, 'a drive with a snapshot has "source: snapshot"');
    return;
  }
  if (context.isMissing(`${path}.snapshot`, id) && context.isMissing(`${path}.snapshot.id`, id)) {
    context.error(
      "manifest/snapshot-reference",
      `${path}.snapshot`,
      'a drive with "source: snapshot" needs a snapshot id',
    );
    return;
  }
  checkSnapshotId(context, id, `${path}.snapshot.id`, "drive snapshot");
}

function checkKernelSnapshot(context: RuleContext, machine: MachineInput, path: string): void {
  checkSnapshotId(context, machine.kernel?.snapshot?.id, `${path}.kernel.snapshot.id`, "kernel snapshot");
}

function checkSnapshotId(context: RuleContext, id: string | undefined, path: string, noun: string): void {
  const { knownSnapshots } = context.options;
  if (!isText(id) || knownSnapshots === undefined || knownSnapshots.includes(id)) return;
  context.error(
    "manifest/snapshot-reference",
    path,
    `${noun} "${shorten(id)}" does not exist or is not yours; snapshot entries are written by save-as`,
    { value: id },
  );
}

function checkMount(context: RuleContext, { mount }: Incomplete<Drive>, path: string): void {
  if (mount === undefined) return;
  const at = `${path}.mount`;
  const refuse = (why: string) =>
    context.error("manifest/drive-mount", at, `mount point "${shorten(mount)}" ${why}`, { value: mount });
  const excess = excessOfPath(mount);
  if (excess !== undefined) return refuse(excess);
  if (!mount.startsWith("/")) return refuse("must be an absolute path");
  if (!isNormalisedPath(mount) || hasControlCharacters(mount)) {
    return refuse('must be written without "//", ".", ".." and a "/" at the end');
  }
  const reserved = isBelow(mount, reservedMounts);
  if (reserved !== undefined) refuse(`lies in ${reserved}, which belongs to the system`);
}

function checkSize(context: RuleContext, { size }: Incomplete<Drive>, path: string, label: string): void {
  if (size === undefined) return;
  const sizeMiB = sizeInMiB(size);
  const refuse = (bound: string) =>
    context.error("manifest/drive-size", `${path}.size`, `${label} is ${size}; ${bound}`, { value: size });
  if (sizeMiB < limits.driveMiBMin) refuse(`the minimum is ${formatSize(limits.driveMiBMin)}`);
  if (sizeMiB > limits.driveMiBMax) refuse(`the maximum is ${formatSize(limits.driveMiBMax)}`);
}

function checkReadOnly(context: RuleContext, drive: Incomplete<Drive>, path: string, label: string): void {
  if (drive.readOnly !== true) return;
  const at = `${path}.readOnly`;
  if (drive.mount === "/") {
    context.error("manifest/root-drive-read-only", at, `the root drive cannot be read-only (${label})`);
  } else if (drive.source === undefined && drive.mount === undefined && drive.filesystem === undefined) {
    context.warn(
      "manifest/root-drive-read-only",
      at,
      `${label} is raw, empty and read-only: it can never hold anything`,
    );
  }
}

function checkTotal(context: RuleContext): void {
  const drives = context.machines.flatMap(machine => machine.drives ?? []);
  const totalMiB = drives
    .map(drive => drive.size ?? (drive.mount === "/" ? defaults.rootDriveSize : defaults.extraDriveSize))
    .reduce((sum, size) => sum + sizeInMiB(size), 0);
  if (totalMiB <= limits.drivesTotalMiBMax) return;
  context.error(
    "manifest/drive-total",
    "playground.machines",
    `the drives of this playground add up to ${formatSize(totalMiB)}, the limit is ${formatSize(limits.drivesTotalMiBMax)}`,
  );
}
