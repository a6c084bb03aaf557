import { statfs } from "node:fs/promises";
import { Problem } from "../api/problems.ts";

/** What a machine writes in its first minutes: logs, package lists, a database. Drives grow as they are written to. */
const firstWritesBytesPerMachine = 256 * 1024 ** 2;
/** Left for the host itself, whose own services fail in odd ways on a full disk. */
const reserveBytes = 512 * 1024 ** 2;

/** Room that starting this many machines needs. Drives are thin, so their sizes do not count. */
export function startSpaceBytes(machines: number): number {
  return reserveBytes + machines * firstWritesBytesPerMachine;
}

/** Rejects with `drive/no-space` and both numbers unless the file system of `directory` has `neededBytes` free. */
export async function requireDiskSpace(directory: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes) return;
  throw new Problem("drive/no-space", {
    message: `${directory} has ${formatMiB(freeBytes)} free, ${formatMiB(neededBytes)} are needed`,
    where: { step: "drives" },
    details: [{ directory, freeBytes, neededBytes }],
  });
}

const formatMiB = (bytes: number) => `${Math.floor(bytes / 1024 ** 2)} MiB`;
