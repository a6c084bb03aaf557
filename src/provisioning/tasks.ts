import type { TaskState } from "../api/play-state.ts";
import { Problem } from "../api/problems.ts";
import type { MachinePlan, TaskPlan } from "../plan/plan.ts";
import { waitForBootQueue } from "./boot-queue.ts";
import type { Channel } from "./channel.ts";
import type { WaitOptions } from "./channel-keeper.ts";
import { runAttempt } from "./task-attempt.ts";
import { completed, failed, TaskRecord } from "./task-record.ts";

export interface TaskRunOptions {
  tasks: readonly TaskPlan[];
  machines: ReadonlyArray<Pick<MachinePlan, "name" | "defaultUser">>;
  /** A live channel as root, normally from the play's ChannelKeeper. */
  channel: (machine: string, options: WaitOptions) => Promise<Channel>;
  /** What the manifest's timeouts are multiplied with: 1, or 5 where machines run without hardware virtualization. */
  timeoutFactor: number;
  /** States of an earlier run of this play: tasks that have ended are not run again. */
  previous?: readonly TaskState[];
  /** A task changed (its `version` increased); without its output. Called at most twice a second for output alone. */
  onChange: (task: TaskState) => void;
  onOutput?(task: string, stream: "stdout" | "stderr", chunk: Buffer): void;
  /** In the guest; default /run/labyard/tasks. */
  directory?: string;
}

/**
 * Begins the init tasks of a play. Nothing runs on a machine before `machineReady` was called for it.
 * The result owns everything that runs: dispose it before the machines stop.
 */
export function runTasks(options: TaskRunOptions): TaskRun {
  return new TaskRun(options);
}

/** The init tasks of one play: a graph over all its machines, each task run once. */
export class TaskRun implements AsyncDisposable {
  readonly #options: TaskRunOptions;
  readonly #records: Map<string, TaskRecord>;
  /** Machines whose boot queue is empty. */
  readonly #open = new Set<string>();
  readonly #ready = new Set<string>();
  /** Those of the ready ones whose boot queue is or was waited for. */
  readonly #opening = new Set<string>();
  readonly #working = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #settled: Array<() => void> = [];

  constructor(options: TaskRunOptions) {
    this.#options = options;
    this.#records = new Map(
      options.tasks.map(task => {
        const previous = options.previous?.find(({ name }) => name === task.name);
        return [task.name, new TaskRecord(task, previous, options.onChange)];
      }),
    );
    this.#advance();
  }

  /** To be called whenever a machine becomes ready; only the first time counts. */
  machineReady(machine: string): void {
    if (this.#ready.has(machine)) return;
    this.#ready.add(machine);
    this.#openIfNeeded(machine);
  }

  /** Waiting for the boot queue costs time: not for a machine that has nothing to run. */
  #openIfNeeded(machine: string): void {
    if (!this.#ready.has(machine) || this.#opening.has(machine)) return;
    if (![...this.#records.values()].some(record => record.plan.machine === machine && !record.hasEnded)) return;
    this.#opening.add(machine);
    this.#track(
      waitForBootQueue(wait => this.#options.channel(machine, wait), this.#stop.signal).then(() => {
        this.#open.add(machine);
        this.#advance();
      }),
    );
  }

  /** All tasks in plan order, without output. */
  states(): TaskState[] {
    return [...this.#records.values()].map(record => record.state());
  }

  /** All tasks in plan order, with the last 256 KiB of each output. */
  statesWithOutput(): TaskState[] {
    return [...this.#records.values()].map(record => record.stateWithOutput());
  }

  get allCompleted(): boolean {
    return [...this.#records.values()].every(record => record.status === completed);
  }

  /** Resolves when no task runs and none will without someone acting: all completed, or the rest waits for a failed one. */
  async whenSettled(): Promise<void> {
    if (this.#isSettled()) return;
    await new Promise<void>(resolve => this.#settled.push(resolve));
  }

  /** Runs a failed task again; what waits for it follows when it completes. */
  retry(name: string): void {
    const record = this.#record(name);
    if (record.status !== failed) throw refusal(record, "retried");
    record.reset();
    // After a restart of the play nothing may have been left to run there until now.
    this.#openIfNeeded(record.plan.machine);
    this.#advance();
  }

  /** Counts a task that failed or has not begun as completed, recorded as skipped. */
  skip(name: string): void {
    const record = this.#record(name);
    if (record.isRunning || record.status === completed) throw refusal(record, "skipped");
    record.skip();
    this.#advance();
  }

  /** Stops watching; what runs in the guests is left to the end of their machines. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the play is stopping"));
    await Promise.allSettled(this.#working);
    for (const record of this.#records.values()) record.dispose();
  }

  #advance(): void {
    if (this.#stop.signal.aborted) return;
    for (const record of this.#records.values()) {
      if (!record.isWaiting) continue;
      const free = record.plan.needs.every(name => this.#records.get(name)?.status === completed);
      if (free && this.#open.has(record.plan.machine)) this.#track(this.#run(record));
      else record.block();
    }
    if (!this.#isSettled()) return;
    for (const resolve of this.#settled.splice(0)) resolve();
  }

  async #run(record: TaskRecord): Promise<void> {
    const { plan } = record;
    const machine = this.#options.machines.find(({ name }) => name === plan.machine);
    record.begin();
    const attempt = {
      name: plan.name,
      machine: plan.machine,
      user: plan.user,
      labUser: machine?.defaultUser ?? "root",
      script: plan.run,
      timeoutSeconds: Math.ceil(plan.timeoutSeconds * this.#options.timeoutFactor),
      directory: this.#options.directory ?? "/run/labyard/tasks",
    };
    try {
      const outcome = await runAttempt(attempt, {
        channel: this.#options.channel,
        signal: this.#stop.signal,
        output: (stream, chunk) => {
          record.append(stream, chunk);
          this.#options.onOutput?.(plan.name, stream, chunk);
        },
      });
      record.end(outcome);
    } catch (error) {
      // Interrupted: it keeps its running state, and a later run of the play tells that nobody saw its end.
      if (this.#stop.signal.aborted) return;
      record.end({ message: Problem.from(error).message });
    }
    this.#advance();
  }

  #track(work: Promise<void>): void {
    const tracked = work.catch(() => {
      // Only the end of the play rejects here.
    });
    this.#working.add(tracked);
    void tracked.then(() => this.#working.delete(tracked));
  }

  /** A task moves on its own unless it ended, or waits (over any number of steps) for one that failed. */
  #isSettled(): boolean {
    const stuck = new Map<string, boolean>();
    const isStuck = (name: string): boolean => {
      const known = stuck.get(name);
      if (known !== undefined) return known;
      const record = this.#records.get(name);
      const result = record?.status === failed || (record?.isWaiting === true && record.plan.needs.some(isStuck));
      stuck.set(name, result);
      return result;
    };
    return [...this.#records.values()].every(record => record.status === completed || isStuck(record.plan.name));
  }

  #record(name: string): TaskRecord {
    const record = this.#records.get(name);
    if (record !== undefined) return record;
    const known = [...this.#records.keys()].join(", ") || "none";
    throw new Problem("provisioning/task-unknown", {
      message: `the play has no task "${name}" (it has: ${known})`,
    });
  }
}

function refusal(record: TaskRecord, what: string): Problem {
  return new Problem("provisioning/task-not-failed", {
    message: `task "${record.plan.name}" cannot be ${what}: it ${record.isRunning ? "is running" : record.status === completed ? "has completed" : "has not failed"}`,
    where: { machine: record.plan.machine, step: "tasks" },
  });
}
