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
 * `access/machine-booting` (503: ask again) after `holdMs`, and soon when waiting cannot help: the play is stopped, or the
 * machine is switched off.
 */
export async function whenMachineReady(
  { plays, playId, machine, signal, holdMs }: AwaitMachineOptions,
  work: (leftMs: number) => Promise<void>,
): Promise<void> {
  const deadline = performance.now() + holdMs;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(holdMs)]);
  let reason = "it is still starting";
  let wasOff = false;
  while (!limit.aborted) {
    try {
      const outcome = await waitUntilReady(plays, playId, machine, limit);
      if (outcome === "ready") {
        // Whole: it becomes the delay of a signal, which takes no fractions.
        await work(Math.max(Math.ceil(deadline - performance.now()), 1));
        return;
      }
      // Twice: a machine that is being restarted is off for a moment.
      if (outcome === "off" && wasOff) throw switchedOff(playId, machine);
      wasOff = outcome === "off";
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

const switchedOff = (playId: string, machine: string) =>
  new Problem("playground/action-not-allowed", {
    message: `machine "${machine}" is STOPPED`,
    where: { machine },
    hint: `Switch it on first: labctl playground machine restart ${playId} ${machine}`,
  });

async function waitUntilReady(
  plays: Pick<Plays, "watch">,
  playId: string,
  machine: string,
  signal: AbortSignal,
): Promise<"ready" | "off" | "late"> {
  for await (const state of plays.watch(playId, signal)) {
    if (isReady(state, machine)) return "ready";
    // On its way to RUNNING, or there: anything else does not become ready by itself.
    if (!["CREATED", "WARMING_UP", "WARMED_UP", "STARTING"].includes(currentState(state))) {
      requireAllowed("use", currentState(state));
      if (state.machines.find(each => each.name === machine)?.state === "STOPPED") return "off";
    }
    if (signal.aborted) return "late";
  }
  return "late";
}

function isReady(state: PlayState, name: string): boolean {
  const machine = state.machines.find(each => each.name === name);
  return (
    currentState(state) === "RUNNING" &&
    machine !== undefined &&
    machine.conditions.some(condition => condition.name === "Ready" && condition.status === "True")
  );
}
