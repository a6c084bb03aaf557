import type { Client } from "../api/client.ts";
import { currentState, restingStates } from "../api/play-state.ts";
import type { CliContext } from "./context.ts";

/** Follows the play until all tasks are completed; false when one has failed, the play is over, or the time is. */
export async function tasksCompleted(
  context: CliContext,
  client: Client,
  playId: string,
  timeoutMinutes: number | undefined,
): Promise<boolean> {
  const late = timeoutMinutes === undefined ? [] : [AbortSignal.timeout(timeoutMinutes * 60_000)];
  const signal = AbortSignal.any([context.signal, ...late]);
  for await (const message of client.watchPlay(playId, { signal })) {
    if (message.kind !== "state") continue;
    const { tasks } = message.state;
    if (tasks.every(task => task.status === 40)) return true;
    const isOver = restingStates.includes(currentState(message.state));
    if (isOver || tasks.some(task => task.status === 35)) return false;
  }
  context.signal.throwIfAborted();
  return false;
}
