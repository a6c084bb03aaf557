import type { PlayStateName } from "../api/play-state.ts";
import { Problem } from "../api/problems.ts";

export type PlayAction = "stop" | "restart" | "destroy" | "use";

/**
 * In which states an action is allowed. The server refuses by it, the CLI explains by it and the web disables by it.
 * "use" is everything that needs a living runner: terminals, dial, tasks, machine actions.
 */
export const allowedStates = {
  stop: ["CREATED", "WARMING_UP", "WARMED_UP", "STARTING", "RUNNING"],
  restart: ["STOPPED", "FAILED"],
  destroy: ["CREATED", "WARMING_UP", "WARMED_UP", "STARTING", "RUNNING", "STOPPING", "STOPPED", "FAILED"],
  use: ["STARTING", "RUNNING", "STOPPING"],
} as const satisfies Record<PlayAction, readonly PlayStateName[]>;

export function isAllowed(action: PlayAction, state: PlayStateName): boolean {
  return (allowedStates[action] as readonly PlayStateName[]).includes(state);
}

/** Throws `playground/action-not-allowed` unless the table allows it. */
export function requireAllowed(action: PlayAction, state: PlayStateName): void {
  if (isAllowed(action, state)) return;
  throw new Problem("playground/action-not-allowed", {
    message:
      action === "use"
        ? `the play is ${state}: its machines are not running`
        : `a play that is ${state} cannot be asked to ${action}`,
    hint: `This is possible while the play is ${allowedStates[action].join(", ")}.`,
  });
}

/** States in which a runner process is expected to exist. */
export const statesWithRunner: readonly PlayStateName[] = ["STARTING", "RUNNING", "STOPPING"];
/** States that the server itself drives before there is a runner. */
export const statesOfPreparation: readonly PlayStateName[] = ["CREATED", "WARMING_UP", "WARMED_UP"];
/** States in which nothing happens by itself any more. */
export const restingStates: readonly PlayStateName[] = ["STOPPED", "FAILED", "DESTROYED"];
