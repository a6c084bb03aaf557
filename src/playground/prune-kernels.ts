import { currentState } from "../api/play-state.ts";
import { defaults } from "../manifest/limits.ts";
import type { Plan } from "../plan/plan.ts";
import { type Paths, planFile } from "../store/paths.ts";
import { listPlayIds, readPlayState, readRecord } from "../store/play-records.ts";
import { fetchedKernels, removeKernel } from "../vm/kernels/catalogue.ts";

/**
 * Removes the installed kernels that no play names and that are fetched anew when one does; returns their versions. The
 * default kernel stays, and so do those that somebody brought along.
 */
export async function pruneKernels(paths: Paths): Promise<string[]> {
  const named = new Set<string>([defaults.kernel]);
  for (const playId of await listPlayIds(paths)) {
    const state = await readPlayState(paths, playId);
    if (state !== undefined && currentState(state) === "DESTROYED") continue;
    const plan = await readRecord<Plan>(planFile(paths, playId));
    for (const { kernel } of plan?.machines ?? []) named.add(kernel);
  }
  const removed: string[] = [];
  for (const version of await fetchedKernels(paths)) {
    if (named.has(version)) continue;
    await removeKernel(version, paths);
    removed.push(version);
  }
  return removed;
}
