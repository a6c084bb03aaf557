import { allowedStates, type PlayVerb, whyNotAllowed } from "../api/play-actions.ts";
import type { PlayStateName } from "../api/play-state.ts";
import { Problem } from "../api/problems.ts";

/** Throws `playground/action-not-allowed` unless the table of play-actions allows it. */
export function requireAllowed(verb: PlayVerb, state: PlayStateName): void {
  const why = whyNotAllowed(verb, state);
  if (why === undefined) return;
  throw new Problem("playground/action-not-allowed", {
    message: why,
    hint: `This is possible while the play is ${allowedStates[verb].join(", ")}.`,
  });
}

/** States in which a runner process is expected to exist. */
export const statesWithRunner: readonly PlayStateName[] = ["STARTING", "RUNNING", "STOPPING"];
/** States that the server itself drives before there is a runner. */
export const statesOfPreparation: readonly PlayStateName[] = ["CREATED", "WARMING_UP", "WARMED_UP"];
