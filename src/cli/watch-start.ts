import type { Client } from "../api/client.ts";
import { currentState, type PlayState, restingStates } from "../api/play-state.ts";
import { Problem } from "../api/problems.ts";
import type { CliContext } from "./context.ts";
import { PlayProgress } from "./play-progress.ts";

/**
 * Follows a start until every machine is ready and every init task is done, showing progress on stderr.
 *
 * Rejects when the play fails, with its problem; when an init task fails, with its output and how to retry it.
 * Ctrl-C stops watching, not the play.
 */
export async function watchStart(context: CliContext, client: Client, playId: string, quiet: boolean): Promise<void> {
  const progress = quiet ? undefined : new PlayProgress(context.stderr);
  try {
    for await (const message of client.watchPlay(playId, { signal: context.signal })) {
      if (message.kind !== "state") continue;
      progress?.update(message.state);
      const outcome = await outcomeOf(client, message.state);
      if (outcome === "started") return;
      if (outcome instanceof Problem) throw outcome;
    }
    context.signal.throwIfAborted();
  } finally {
    progress?.end();
  }
}

async function outcomeOf(client: Client, state: PlayState): Promise<"started" | Problem | undefined> {
  const name = currentState(state);
  if (restingStates.includes(name)) {
    return state.problem === undefined
      ? new Problem("cli/start-failed", { message: `the play is ${name}` })
      : Problem.fromJSON(state.problem);
  }
  const ready =
    name === "RUNNING" && state.machines.every(machine => machine.conditions.some(c => c.status === "True"));
  if (ready && state.tasks.every(task => task.status === 40)) return "started";
  const failed = state.tasks.find(task => task.status === 35);
  // Tasks that can still run may take a while; what has failed will not mend itself, so say it now.
  if (failed === undefined) return undefined;
  const details = (await client.listTasks(state.playId)).find(task => task.name === failed.name);
  const tail = `${details?.stdout ?? ""}${details?.stderr ?? ""}`.trim().split("\n").slice(-15);
  return new Problem("cli/start-failed", {
    message: `init task "${failed.name}" on ${failed.machine} failed with exit code ${details?.exitCode ?? "unknown"}`,
    details: tail,
    hint: `The play ${state.playId} is running. Retry with 'labyard playground task retry ${state.playId} ${failed.name}', or skip it.`,
  });
}
