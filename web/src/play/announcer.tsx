import type { PlayState } from "../../../src/api/play-state.ts";
import { isFailed, progressWord } from "./state-words.ts";

/** Tells people who listen what the others see change. */
export function Announcer({ state }: { state: PlayState }) {
  const failed = state.tasks.filter(isFailed).map(task => task.name);
  return (
    <div role="status" className="unseen">
      {`${progressWord(state).text}. ${failed.length > 0 ? `Failed tasks: ${failed.join(", ")}.` : ""}`}
    </div>
  );
}
