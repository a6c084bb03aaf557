import { randomBytes } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Whoever writes one changes it every few seconds. */
const abandonedAfterMs = 10 * 60_000;

/** Where a disk file for `place` is written before it gets its name. */
export const unfinishedDisk = (place: string) => `${place}.${randomBytes(4).toString("hex")}.partial`;

/** Removes what writers of `place` left when they were killed: what nobody has written to for ten minutes. */
export async function removeAbandonedDisks(place: string): Promise<void> {
  const prefix = `${basename(place)}.`;
  // A directory in which files can be made need not be readable.
  const names = await readdir(dirname(place)).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(prefix) || !/^[0-9a-f]{8}\.partial$/.test(name.slice(prefix.length))) continue;
    const path = join(dirname(place), name);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() && found.mtimeMs < Date.now() - abandonedAfterMs) await rm(path, { force: true });
  }
}
