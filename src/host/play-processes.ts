import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** In the environment of everything that belongs to a play; inherited, so that no child can be forgotten. */
export const playMarkerVariable = "LABYARD_PLAY_ID";

/**
 * Ids of all processes that carry this play's marker, zombies left out.
 *
 * Reads /proc/<pid>/environ (proc(5)): processes of other users are unreadable and are never ours. A process that
 * ends while we look is skipped.
 */
export async function findPlayProcesses(playId: string): Promise<number[]> {
  const marker = Buffer.from(`\0${playMarkerVariable}=${playId}\0`);
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const environment = await readFile(`/proc/${name}/environ`);
      if (Buffer.concat([Buffer.from("\0"), environment, Buffer.from("\0")]).includes(marker)) found.push(Number(name));
    } catch {
      // Not ours or gone.
    }
  }
  return found;
}

/**
 * Ends every process of the play at once and waits until none is left.
 *
 * Rejects after `timeoutMs` with the ids that would not die (uninterruptible I/O); nothing outside the play is touched.
 */
export async function killPlayProcesses(playId: string, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const pids = (await findPlayProcesses(playId)).filter(pid => pid !== process.pid);
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // Gone in between.
      }
    }
    if (Date.now() > deadline) throw new Error(`processes of play ${playId} would not end: ${pids.join(", ")}`);
    await sleep(20);
  }
}
