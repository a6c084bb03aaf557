import { currentState } from "../api/play-state.ts";
import type { Plan } from "../plan/plan.ts";
import { type Paths, planFile } from "../store/paths.ts";
import { listPlayIds, readPlayState, readRecord } from "../store/play-records.ts";

/** Plays that are being started or run, and have a machine on this kernel. */
export async function kernelUsers(paths: Paths, version: string): Promise<string[]> {
  const users: string[] = [];
  for (const playId of await listPlayIds(paths)) {
    const state = await readPlayState(paths, playId);
    if (state === undefined || ["STOPPED", "DESTROYED", "FAILED"].includes(currentState(state))) continue;
    const plan = await readRecord<Plan>(planFile(paths, playId));
    if (plan?.machines.some(machine => machine.kernel === version)) users.push(playId);
  }
  return users;
}
