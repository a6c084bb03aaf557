import { mkdir, rename, rm, stat } from "node:fs/promises";
import { Problem } from "../api/problems.ts";
import { run } from "../host/process.ts";
import { driveUuid } from "../plan/drive-uuid.ts";
import type { DriveFile, DrivePlan, MachinePlan } from "../plan/plan.ts";
import { driveFile, machineDirectory, type Paths, rawDriveFile } from "../store/paths.ts";
import { createFormatted } from "./format.ts";

/** The read-only disk of an image, as the image cache keeps it. */
export interface Base {
  path: string;
  sizeBytes: number;
}

export interface DriveInputs {
  paths: Paths;
  playId: string;
  /** For each drive with a source, by device ("vda"). */
  bases: Readonly<Record<string, Base>>;
  signal: AbortSignal;
}

export interface MachineDrives {
  /** In manifest order. */
  files: DriveFile[];
  /** Devices whose file system is smaller than the drive: the guest has to grow it. */
  toGrow: string[];
}

/**
 * Makes every drive of a machine that does not exist yet; those of an earlier start are kept with their data.
 *
 * Each drive is published by rename, so after a crash at any point a drive is complete or absent. What is made before
 * a failure stays for the next attempt; `removeDrives` removes all.
 */
export async function createDrives(machine: MachinePlan, inputs: DriveInputs): Promise<MachineDrives> {
  await mkdir(machineDirectory(inputs.paths, inputs.playId, machine.name), { recursive: true, mode: 0o700 });
  const files: DriveFile[] = [];
  const toGrow: string[] = [];
  for (const drive of machine.drives) {
    inputs.signal.throwIfAborted();
    const base = inputs.bases[drive.device];
    if (drive.source !== undefined) {
      if (base === undefined) throw new Error(`no base drive was given for ${machine.name} ${drive.device}`);
      const sizeBytes = overlaySize(machine, drive, base);
      files.push(await ensureOverlay(machine, drive, base, sizeBytes, inputs));
      if (sizeBytes > base.sizeBytes) toGrow.push(drive.device);
    } else {
      files.push(await ensureEmpty(machine, drive, inputs));
    }
  }
  return { files, toGrow };
}

/** Removes the drives of a machine, finished and half-made ones. Safe to repeat. */
export async function removeDrives(machine: MachinePlan, { paths, playId }: Pick<DriveInputs, "paths" | "playId">) {
  for (const { device } of machine.drives) {
    for (const file of [driveFile, rawDriveFile]) {
      const path = file(paths, playId, machine.name, device);
      await rm(path, { force: true });
      await rm(temporaryOf(path), { force: true });
    }
  }
}

/** A size that was asked for is a promise; a default one follows the image. */
function overlaySize(machine: MachinePlan, drive: DrivePlan, base: Base): number {
  if (base.sizeBytes <= drive.sizeBytes) return drive.sizeBytes;
  if (!drive.sizeIsExplicit) return base.sizeBytes;
  throw new Problem("image/too-big-for-drive", {
    message: `Drive ${drive.device} of ${machine.name} is ${drive.sizeBytes} bytes, but its image needs ${base.sizeBytes}`,
    where: { machine: machine.name, step: "drives", path: `drives[${drive.index}].size` },
  });
}

async function ensureOverlay(
  machine: MachinePlan,
  drive: DrivePlan,
  base: Base,
  sizeBytes: number,
  inputs: DriveInputs,
): Promise<DriveFile> {
  const path = driveFile(inputs.paths, inputs.playId, machine.name, drive.device);
  const result: DriveFile = {
    path,
    format: "qcow2",
    readOnly: drive.readOnly,
    backing: { path: base.path, format: "raw" },
  };
  if (await exists(path)) {
    await requireSameBase(machine, drive, path, base, inputs.signal);
    return result;
  }
  await publish(path, temporary =>
    qemuImg(["create", "-q", "-f", "qcow2", "-b", base.path, "-F", "raw", temporary, `${sizeBytes}`], inputs.signal),
  );
  return result;
}

/** An overlay on another base is not damaged data, it is garbage: blocks of two images mixed. */
async function requireSameBase(machine: MachinePlan, drive: DrivePlan, path: string, base: Base, signal: AbortSignal) {
  const { stdout } = await qemuImg(["info", "--force-share", "--output=json", "-f", "qcow2", path], signal);
  const info = JSON.parse(stdout) as { "backing-filename"?: string };
  if (info["backing-filename"] === base.path) return;
  throw new Problem("drive/base-changed", {
    message: `Drive ${drive.device} of ${machine.name} lies on ${info["backing-filename"]}, not on ${base.path}`,
    where: { machine: machine.name, step: "drives" },
  });
}

async function ensureEmpty(machine: MachinePlan, drive: DrivePlan, inputs: DriveInputs): Promise<DriveFile> {
  const { paths, playId, signal } = inputs;
  const filesystem = drive.filesystem;
  if (filesystem === undefined) {
    const path = driveFile(paths, playId, machine.name, drive.device);
    if (!(await exists(path))) {
      await publish(path, temporary =>
        qemuImg(["create", "-q", "-f", "qcow2", temporary, `${drive.sizeBytes}`], signal),
      );
    }
    return { path, format: "qcow2", readOnly: drive.readOnly };
  }
  const path = rawDriveFile(paths, playId, machine.name, drive.device);
  if (!(await exists(path))) {
    const uuid = driveUuid(playId, machine.name, drive.device);
    await publish(path, temporary =>
      createFormatted(temporary, { filesystem, sizeBytes: drive.sizeBytes, uuid, signal }),
    );
  }
  return { path, format: "raw", readOnly: drive.readOnly };
}

/** One temporary name a drive: a file that a crash left is overwritten by the next attempt, and found by removal. */
async function publish(path: string, make: (temporary: string) => Promise<unknown>): Promise<void> {
  const temporary = temporaryOf(path);
  try {
    await rm(temporary, { force: true });
    await make(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

const temporaryOf = (path: string) => `${path}.tmp`;

function qemuImg(args: readonly string[], signal: AbortSignal) {
  return run(["qemu-img", ...args], { signal });
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
