import type { ProblemJson } from "./problems.ts";

/** States of a play and of a machine as the official client knows them. */
export type PlayStateName =
  | "CREATED"
  | "WARMING_UP"
  | "WARMED_UP"
  | "STARTING"
  | "RUNNING"
  | "STOPPING"
  | "STOPPED"
  | "DESTROYING"
  | "DESTROYED"
  | "FAILED";
export type MachineStateName =
  | "CREATED"
  | "WARMING_UP"
  | "WARMED_UP"
  | "STARTING"
  | "RUNNING"
  | "REBOOTING"
  | "STOPPING"
  | "STOPPED";

export interface StateEvent {
  state: PlayStateName;
  /** RFC 3339, UTC, milliseconds */
  at: string;
  error?: string;
}

export interface MachineCondition {
  name: "Ready";
  status: "True" | "False";
  lastTransitionAt?: string;
  message?: string;
}

/** What a machine is doing right now, for people: "pulling image", "booting kernel", … */
export interface MachineStatus {
  name: string;
  state: MachineStateName;
  conditions: MachineCondition[];
  /** What it really has, after all limits; absent in records of older versions. */
  resources?: { vcpus: number; memoryMiB: number };
  /** Current boot step and its progress, while there is one. */
  step?: BootStep;
  problem?: ProblemJson;
}

export type BootPhase = "plan" | "image" | "network" | "drives" | "kernel" | "init" | "channel" | "tasks";

export interface BootStep {
  phase: BootPhase;
  message: string;
  /** 0..1 when it is known */
  progress?: number;
}

/** Task status numbers of the official client: 10 created, 20 blocked, 30 running, 35 failed, 40 completed. */
export type TaskStatusNumber = 0 | 10 | 20 | 30 | 35 | 40;

export interface TaskState {
  name: string;
  machine: string;
  user: string;
  init: true;
  helper: false;
  needs: string[];
  run: string;
  timeoutSeconds: number;
  status: TaskStatusNumber;
  /** Increases with every change. */
  version: number;
  exitCode?: number;
  /** Why it failed, where the exit code does not say: a timeout, a missing user, a reboot. */
  message?: string;
  /** Bounded tails (256 KiB each). */
  stdout: string;
  stderr: string;
  skipped?: boolean;
  lastRunAt?: string;
  lastDurationMs?: number;
}

/** Milliseconds since the start was asked for, at the end of each phase; the slowest machine counts. */
export type PhaseTimes = Partial<Record<BootPhase, number>>;

/** The whole state of one play as its runner tells it; always sent complete, never as a patch. */
export interface PlayState {
  playId: string;
  stateEvents: StateEvent[];
  machines: MachineStatus[];
  /** Without stdout and stderr in streams; with them in GET /tasks. */
  tasks: TaskState[];
  notices: Array<{ code: string; message: string; machine?: string }>;
  phases: PhaseTimes;
  problem?: ProblemJson;
}

/** States in which nothing happens by itself any more. */
export const restingStates: readonly PlayStateName[] = ["STOPPED", "FAILED", "DESTROYED"];

export function currentState(state: Pick<PlayState, "stateEvents">): PlayStateName {
  return state.stateEvents.at(-1)?.state ?? "CREATED";
}
