import { currentState, type PlayStateName } from "../api/play-state.ts";
import type { Plan } from "../plan/plan.ts";
import { type Paths, planFile } from "../store/paths.ts";
import { listPlayIds, readPlayState, readRecord } from "../store/play-records.ts";

/** By kernel: the plays with a machine on it, but for those in such a state; one that has written no state is `undefined`. */
export async function kernelUsers(
  paths: Paths,
  except: ReadonlyArray<PlayStateName | undefined>,
): Promise<Map<string, string[]>> {
  const users = new Map<string, string[]>();
  for (const playId of await listPlayIds(paths)) {
    const state = await readPlayState(paths, playId);
    if (except.includes(state && currentState(state))) continue;
    const plan = await readRecord<Plan>(planFile(paths, playId));
    for (const kernel of new Set(plan?.machines.map(machine => machine.kernel))) {
      users.set(kernel, [...(users.get(kernel) ?? []), playId]);
    }
  }
  return users;
}
