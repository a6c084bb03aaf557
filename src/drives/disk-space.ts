import { stat } from "node:fs/promises";
import { Problem } from "../api/problems.ts";
import { freeSpaceBytes, hostReserveBytes } from "../host/free-space.ts";
import type { MachinePlan } from "../plan/plan.ts";
import { type Paths, rawDriveFile } from "../store/paths.ts";
import { formatCostBytes } from "./format.ts";

/** What a machine writes in its first minutes: logs, package lists, a database. Drives grow as they are written to. */
const firstWritesBytesPerMachine = 256 * 1024 ** 2;

/**
 * Room that starting these machines needs. Drives are thin, so their sizes do not count; what making a file system
 * writes does, for those that are not there yet.
 */
export async function startSpaceBytes(
  machines: ReadonlyArray<Pick<MachinePlan, "name" | "drives">>,
  { paths, playId }: { paths: Paths; playId: string },
): Promise<number> {
  let bytes = hostReserveBytes + machines.length * firstWritesBytesPerMachine;
  for (const { name, drives } of machines) {
    for (const { source, filesystem, device, sizeBytes } of drives) {
      if (source !== undefined || filesystem === undefined) continue;
      const isThere = await stat(rawDriveFile(paths, playId, name, device)).catch(() => undefined);
      if (isThere === undefined) bytes += formatCostBytes(filesystem, sizeBytes);
    }
  }
  return bytes;
}

/** Rejects with `drive/no-space` and both numbers unless the file system of `directory` has `neededBytes` free. */
export async function requireDiskSpace(directory: string, neededBytes: number): Promise<void> {
  const freeBytes = await freeSpaceBytes(directory);
  if (freeBytes >= neededBytes) return;
  throw new Problem("drive/no-space", {
    message: `${directory} has ${formatMiB(freeBytes)} free, ${formatMiB(neededBytes)} are needed`,
    where: { step: "drives" },
    details: [{ directory, freeBytes, neededBytes }],
  });
}

const formatMiB = (bytes: number) => `${Math.floor(bytes / 1024 ** 2)} MiB`;
