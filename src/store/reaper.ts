import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { killPlayProcesses } from "../host/play-processes.ts";
import { outstandingEntries, recordRelease } from "./ledger.ts";
import { type Paths, playDirectory } from "./paths.ts";

/**
 * Finishes what a dead runner left behind: replays its ledger newest first, then sweeps unfinished files.
 *
 * Call it only when the runner's socket does not answer. Afterwards no process, socket or half-written file of the
 * play exists; drives, events and records are kept. Every step can be repeated, also after a crash in here.
 */
export async function reapPlay(paths: Paths, playId: string): Promise<void> {
  const failures: unknown[] = [];
  for (const entry of outstandingEntries(paths, playId)) {
    try {
      if (entry.kind === "processes") await killPlayProcesses(playId);
      else await rm(entry.path, { recursive: true, force: true });
      recordRelease(paths, playId, entry);
    } catch (error) {
      failures.push(error);
    }
  }
  await removeUnfinishedFiles(playDirectory(paths, playId));
  if (failures.length > 0)
    throw new AggregateError(failures, `play ${playId}: ${failures.length} resources left behind`);
}

/** Everything is published by renaming a `.tmp` file, so what still carries that ending was never finished. */
async function removeUnfinishedFiles(directory: string): Promise<void> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.name.endsWith(".tmp")) await rm(join(entry.parentPath, entry.name), { recursive: true, force: true });
  }
}
