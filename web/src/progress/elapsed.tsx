import { Text } from "@mantine/core";
import { currentState, type PlayState } from "../../../src/api/play-state.ts";
import { useNow } from "../app/use-now.ts";
import { spanWords } from "../play/duration-words.ts";
import { isFailed, isPending, isReady } from "../play/state-words.ts";

/** How long the present start has taken, or took. */
export function Elapsed({ state }: { state: PlayState }) {
  const name = currentState(state);
  const isRunning = name === "RUNNING";
  const isDone = isRunning && state.machines.every(isReady) && !state.tasks.some(isPending);
  // A failed task waits for a person: that is not time the start takes.
  const isStuck = state.tasks.some(isFailed) && !state.tasks.some(task => task.status === 30);
  const isStarting =
    ["CREATED", "WARMING_UP", "WARMED_UP", "STARTING"].includes(name) || (isRunning && !isDone && !isStuck);
  const now = useNow(isStarting ? 500 : undefined);
  const beganAt = state.stateEvents.findLast(event => event.state === "WARMING_UP" || event.state === "CREATED")?.at;
  const tookMs = state.phases.tasks ?? state.phases.channel;
  if (isStarting && beganAt !== undefined) {
    // The server's clock may be ahead of ours.
    return <Words>{spanWords(Math.max(0, now - Date.parse(beganAt)))}</Words>;
  }
  if (isDone && tookMs !== undefined) return <Words>ready after {spanWords(tookMs)}</Words>;
  return null;
}

function Words({ children }: { children: React.ReactNode }) {
  return (
    <Text size="sm" c="dimmed">
      {children}
    </Text>
  );
}
