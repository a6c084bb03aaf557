import type { MachineStatus, PlayState, PlayStateName, TaskState } from "../../../src/api/play-state.ts";
import { currentState } from "../../../src/api/play-state.ts";

export type Tone = "good" | "busy" | "bad" | "quiet";

interface Word {
  text: string;
  tone: Tone;
}

const playWords: Record<PlayStateName, Word> = {
  CREATED: { text: "Created", tone: "busy" },
  WARMING_UP: { text: "Preparing images", tone: "busy" },
  WARMED_UP: { text: "Images ready", tone: "busy" },
  STARTING: { text: "Starting", tone: "busy" },
  RUNNING: { text: "Running", tone: "good" },
  STOPPING: { text: "Stopping", tone: "busy" },
  STOPPED: { text: "Stopped", tone: "quiet" },
  DESTROYING: { text: "Destroying", tone: "busy" },
  DESTROYED: { text: "Destroyed", tone: "quiet" },
  FAILED: { text: "Failed", tone: "bad" },
};

export const playWord = (state: PlayStateName): Word => playWords[state];

/** RUNNING only says that the VMs run; people care whether they can be used. */
export function progressWord(state: PlayState): Word {
  const name = currentState(state);
  if (name !== "RUNNING") return playWord(name);
  if (state.tasks.some(isFailed)) return { text: "Task failed", tone: "bad" };
  if (!state.machines.every(isReady)) return { text: "Booting", tone: "busy" };
  if (state.tasks.some(isPending)) return { text: "Running tasks", tone: "busy" };
  return playWord("RUNNING");
}

export const isReady = (machine: MachineStatus): boolean =>
  machine.conditions.some(condition => condition.name === "Ready" && condition.status === "True");

export function machineWord(machine: MachineStatus): Word {
  if (machine.problem !== undefined) return { text: "Failed", tone: "bad" };
  if (isReady(machine)) return { text: "Ready", tone: "good" };
  if (machine.state === "STOPPED") return { text: "Off", tone: "quiet" };
  if (machine.state === "CREATED") return { text: "Waiting", tone: "quiet" };
  if (machine.state === "REBOOTING") return { text: "Rebooting", tone: "busy" };
  if (machine.state === "STOPPING") return { text: "Stopping", tone: "busy" };
  if (machine.state === "RUNNING") return { text: "Booting", tone: "busy" };
  return { text: "Starting", tone: "busy" };
}

export const isFailed = (task: TaskState): boolean => task.status === 35;
export const isPending = (task: TaskState): boolean => task.status < 35;

export function taskWord(task: TaskState): Word {
  if (task.skipped === true) return { text: "Skipped", tone: "quiet" };
  if (task.status === 40) return { text: "Done", tone: "good" };
  if (task.status === 35) return { text: "Failed", tone: "bad" };
  if (task.status === 30) return { text: "Running", tone: "busy" };
  return { text: "Waiting", tone: "quiet" };
}

/** While anything of the start is unfinished or has gone wrong, its progress is worth looking at. */
export function isWorthShowing(state: PlayState): boolean {
  const name = currentState(state);
  if (name === "RUNNING")
    return progressWord(state).tone !== "good" || state.machines.some(m => m.problem !== undefined);
  return ["CREATED", "WARMING_UP", "WARMED_UP", "STARTING", "FAILED"].includes(name);
}
