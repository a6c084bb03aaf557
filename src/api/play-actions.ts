import type { PlayStateName } from "./play-state.ts";

export type PlayVerb = "stop" | "restart" | "destroy" | "use";

/**
 * In which states an action is allowed. The server refuses by it, the CLI explains by it and the web disables by it.
 * "use" is everything that needs a living runner: terminals, dial, tasks, machine actions.
 */
export const allowedStates = {
  stop: ["CREATED", "WARMING_UP", "WARMED_UP", "STARTING", "RUNNING"],
  restart: ["STOPPED", "FAILED"],
  destroy: ["CREATED", "WARMING_UP", "WARMED_UP", "STARTING", "RUNNING", "STOPPING", "STOPPED", "FAILED"],
  use: ["STARTING", "RUNNING", "STOPPING"],
} as const satisfies Record<PlayVerb, readonly PlayStateName[]>;

/** Why the action is not possible now, in one sentence without a full stop; undefined when it is. */
export function whyNotAllowed(verb: PlayVerb, state: PlayStateName): string | undefined {
  if ((allowedStates[verb] as readonly PlayStateName[]).includes(state)) return undefined;
  return verb === "use"
    ? `the play is ${state}: its machines are not running`
    : `a play that is ${state} cannot be asked to ${verb}`;
}
