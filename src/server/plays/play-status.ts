import type { PlayStatus, PlayTask } from "../../api/contract/plays.ts";
import { currentState, type PlayState, type PlayStateName, type TaskState } from "../../api/play-state.ts";

/** Everything but these counts as active, FAILED included: a failed play still holds its drives. */
const inactiveStates: readonly PlayStateName[] = ["STOPPED", "DESTROYED"];

export function isActive(state: Pick<PlayState, "stateEvents">): boolean {
  return !inactiveStates.includes(currentState(state));
}

/** The part of a play's state that the official client follows. */
export function playStatus(state: PlayState): PlayStatus {
  const isReady = state.machines.length > 0 && state.machines.every(isMachineReady);
  return {
    factoryId: "local",
    stateEvents: state.stateEvents,
    machines: state.machines.map(({ name, state: machineState, conditions }) => ({
      name,
      state: machineState,
      conditions,
    })),
    conditions: [{ name: "Ready", status: isReady ? "True" : "False" }],
  };
}

function isMachineReady({ conditions }: PlayState["machines"][number]): boolean {
  return conditions.some(condition => condition.name === "Ready" && condition.status === "True");
}

export function playTask({ name, init, helper, status, version }: TaskState): PlayTask {
  return { name, init, helper, status, version };
}

/** Never null: the official client writes into it. */
export function playTasks(state: PlayState): Record<string, PlayTask> {
  return Object.fromEntries(state.tasks.map(task => [task.name, playTask(task)]));
}
