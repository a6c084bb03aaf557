import type {
  BootPhase,
  BootStep,
  MachineStateName,
  MachineStatus,
  PlayState,
  PlayStateName,
  TaskState,
} from "../api/play-state.ts";
import { currentState } from "../api/play-state.ts";
import type { Problem, ProblemCode } from "../api/problems.ts";
import type { BootCode, NoticeCode } from "../api/problems/notices.ts";
import { Latest } from "../lib/latest.ts";
import { stateFile, type Paths } from "../store/paths.ts";
import { appendStateEvent, writeRecord } from "../store/play-records.ts";

const persistDelayMs = 150;

/**
 * The state of one play while this process drives it: changed here, seen by watchers, kept in state.json.
 *
 * Watchers get complete snapshots, at most one per turn of the event loop, and the newest one only if they are slow.
 */
export class LiveState {
  readonly #paths: Paths;
  readonly #startedAtMs: number;
  readonly #latest: Latest<PlayState>;
  #persisting: Promise<void> = Promise.resolve();
  #persistTimer: NodeJS.Timeout | undefined;

  constructor(paths: Paths, state: PlayState, startedAtMs = Date.now()) {
    this.#paths = paths;
    this.#latest = new Latest(state);
    this.#startedAtMs = startedAtMs;
  }

  get current(): PlayState {
    return this.#latest.value;
  }

  get name(): PlayStateName {
    return currentState(this.current);
  }

  /** Appends a state event; the same state twice in a row is one event. */
  enter(state: PlayStateName, problem?: Problem): void {
    if (this.name === state && problem === undefined && this.current.stateEvents.length > 0) return;
    const at = new Date().toISOString();
    const event = problem === undefined ? { state, at } : { state, at, error: problem.message };
    appendStateEvent(this.#paths, this.current.playId, event);
    const { problem: _previous, ...rest } = this.current;
    this.#change({
      ...rest,
      stateEvents: [...this.current.stateEvents, event],
      ...(problem === undefined ? {} : { problem: problem.toJSON() }),
    });
  }

  addNotice(code: BootCode | NoticeCode | ProblemCode, message: string, machine?: string): void {
    const notice = { code, message, ...(machine === undefined ? {} : { machine }) };
    if (this.current.notices.some(old => JSON.stringify(old) === JSON.stringify(notice))) return;
    this.#change({ ...this.current, notices: [...this.current.notices, notice] });
  }

  /** For what was true of a machine until it was started again. */
  dropNotices(code: NoticeCode, machine: string): void {
    const notices = this.current.notices.filter(notice => notice.code !== code || notice.machine !== machine);
    if (notices.length < this.current.notices.length) this.#change({ ...this.current, notices });
  }

  machine(name: string): MachineStatus {
    const machine = this.current.machines.find(candidate => candidate.name === name);
    if (machine === undefined) throw new Error(`no machine ${name} in play ${this.current.playId}`);
    return machine;
  }

  /** `state` and `ready` as given; a step is cleared unless given; a problem stays until null or the next start. */
  updateMachine(name: string, update: MachineUpdate): void {
    const machines = this.current.machines.map(machine => (machine.name === name ? changed(machine, update) : machine));
    this.#change({ ...this.current, machines });
  }

  setTasks(tasks: TaskState[]): void {
    this.#change({ ...this.current, tasks });
  }

  /** Notes when a phase was over, once; later machines move it on. */
  markPhase(phase: BootPhase): void {
    this.#change({ ...this.current, phases: { ...this.current.phases, [phase]: Date.now() - this.#startedAtMs } });
  }

  /** The current state at once, then after every change, until `signal` aborts or the state has ended. */
  watch(signal: AbortSignal): AsyncGenerator<PlayState> {
    return this.#latest.watch(signal);
  }

  /** Writes the last state to disk, then ends all watchers: whoever learns of the end finds it there. */
  async end(): Promise<void> {
    clearTimeout(this.#persistTimer);
    this.#persistTimer = undefined;
    await this.#persisting.catch(() => {});
    try {
      await this.#persist();
    } finally {
      this.#latest.end();
    }
  }

  #change(state: PlayState): void {
    this.#latest.set(state);
    this.#persistTimer ??= setTimeout(() => {
      this.#persistTimer = undefined;
      // One write at a time; a failing one (disk full) is tried again with the next change and at the end.
      this.#persisting = this.#persisting.catch(() => {}).then(() => this.#persist());
      this.#persisting.catch(() => {});
    }, persistDelayMs);
  }

  #persist(): Promise<void> {
    return writeRecord(stateFile(this.#paths, this.current.playId), this.current);
  }
}

interface MachineUpdate {
  state?: MachineStateName;
  ready?: boolean;
  step?: BootStep;
  problem?: Problem | null;
}

function changed(machine: MachineStatus, update: MachineUpdate): MachineStatus {
  const { step: _step, problem: oldProblem, ...rest } = machine;
  const forgotten = update.state === "STARTING" || update.problem === null;
  const problem = update.problem?.toJSON() ?? (forgotten ? undefined : oldProblem);
  const was = machine.conditions.find(condition => condition.name === "Ready")?.status;
  const is = update.ready === undefined ? was : update.ready ? "True" : "False";
  return {
    ...rest,
    ...(update.state === undefined ? {} : { state: update.state }),
    ...(update.step === undefined ? {} : { step: update.step }),
    ...(problem === undefined ? {} : { problem }),
    conditions:
      is === undefined || is === was
        ? machine.conditions
        : [{ name: "Ready", status: is, lastTransitionAt: new Date().toISOString() }],
  };
}

/** Without the output of its tasks, which is only sent when asked for. */
export function withoutTaskOutput(state: PlayState): PlayState {
  return { ...state, tasks: state.tasks.map(task => ({ ...task, stdout: "", stderr: "" })) };
}
