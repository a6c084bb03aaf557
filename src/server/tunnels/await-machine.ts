import { setTimeout as delay } from "node:timers/promises";
import { currentState, type PlayState } from "../../api/play-state.ts";
import { Problem, type ProblemCode } from "../../api/problems.ts";
import { requireAllowed } from "../../playground/actions.ts";
import type { Plays } from "../../playground/plays.ts";

/** Failures of a machine that is on its way up or between two boots. */
const passing: readonly ProblemCode[] = [
  "provisioning/channel-timeout",
  "provisioning/connection-lost",
  "provisioning/session-refused",
  "provisioning/file-failed",
  "playground/runner-gone",
];
const retryMs = 1000;

export interface AwaitMachineOptions {
  plays: Pick<Plays, "watch">;
  playId: string;
  machine: string;
  /** The client has left. */
  signal: AbortSignal;
  /** At least 10 s: the official client's own retries of a body do not survive HTTP/2. */
  holdMs: number;
}

/**
 * Waits until the machine is ready and does `work`, again if the machine was not quite there. Rejects with
 * `access/machine-booting` (503: ask again) after `holdMs`, and at once when waiting cannot help, as in a stopped play.
 */
export async function whenMachineReady(
  { plays, playId, machine, signal, holdMs }: AwaitMachineOptions,
  work: (leftMs: number) => Promise<void>,
): Promise<void> {
  const deadline = performance.now() + holdMs;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(holdMs)]);
  let reason = "it is still starting";
  while (!limit.aborted) {
    try {
      if (await becomesReady(plays, playId, machine, limit)) {
        // Whole: it becomes the delay of a signal, which takes no fractions.
        await work(Math.max(Math.ceil(deadline - performance.now()), 1));
        return;
      }
    } catch (error) {
      if (!(error instanceof Problem) || !passing.includes(error.code)) throw error;
      reason = error.message;
    }
    await delay(retryMs, undefined, { signal: limit }).catch(() => {
      // The loop ends.
    });
  }
  signal.throwIfAborted();
  throw new Problem("access/machine-booting", { message: `Machine "${machine}" is not ready: ${reason}` });
}

async function becomesReady(
  plays: Pick<Plays, "watch">,
  playId: string,
  machine: string,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const state of plays.watch(playId, signal)) {
    if (isReady(state, machine)) return true;
    // On its way to RUNNING, or there: anything else does not become ready by itself.
    if (!["CREATED", "WARMING_UP", "WARMED_UP", "STARTING"].includes(currentState(state))) {
      requireAllowed("use", currentState(state));
    }
    if (signal.aborted) return false;
  }
  return false;
}

function isReady(state: PlayState, name: string): boolean {
  const machine = state.machines.find(each => each.name === name);
  return (
    currentState(state) === "RUNNING" &&
    machine !== undefined &&
    machine.conditions.some(condition => condition.name === "Ready" && condition.status === "True")
  );
}
