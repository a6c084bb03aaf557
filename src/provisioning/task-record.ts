import { performance } from "node:perf_hooks";
import type { TaskState, TaskStatusNumber } from "../api/play-state.ts";
import { BoundedTail } from "../lib/bounded-tail.ts";
import type { TaskPlan } from "../plan/plan.ts";
import type { TaskOutcome } from "./task-attempt.ts";

const created: TaskStatusNumber = 10;
const blocked: TaskStatusNumber = 20;
const running: TaskStatusNumber = 30;
export const failed: TaskStatusNumber = 35;
export const completed: TaskStatusNumber = 40;

const outputLimitBytes = 256 * 1024;
const outputNoticeMs = 500;

type Result = Pick<TaskState, "exitCode" | "message" | "skipped" | "lastRunAt" | "lastDurationMs">;

/** What is known of one task. Each visible change increases `version` and is told. */
export class TaskRecord {
  readonly plan: TaskPlan;
  readonly #onChange: (state: TaskState) => void;
  #status: TaskStatusNumber = created;
  #version = 1;
  #result: Result = {};
  #stdout = new BoundedTail(outputLimitBytes);
  #stderr = new BoundedTail(outputLimitBytes);
  #startedAtMs = 0;
  #outputNotice: NodeJS.Timeout | undefined;

  constructor(plan: TaskPlan, previous: TaskState | undefined, onChange: (state: TaskState) => void) {
    this.plan = plan;
    this.#onChange = onChange;
    if (previous !== undefined) this.#restore(previous);
  }

  get status(): TaskStatusNumber {
    return this.#status;
  }

  get isWaiting(): boolean {
    return this.#status === created || this.#status === blocked;
  }

  get isRunning(): boolean {
    return this.#status === running;
  }

  get hasEnded(): boolean {
    return this.#status === failed || this.#status === completed;
  }

  block(): void {
    if (this.#status === blocked) return;
    this.#status = blocked;
    this.#changed();
  }

  begin(): void {
    this.#status = running;
    this.#startedAtMs = performance.now();
    this.#result = { lastRunAt: new Date().toISOString() };
    this.#stdout = new BoundedTail(outputLimitBytes);
    this.#stderr = new BoundedTail(outputLimitBytes);
    this.#changed();
  }

  append(stream: "stdout" | "stderr", chunk: Buffer): void {
    (stream === "stdout" ? this.#stdout : this.#stderr).append(chunk);
    this.#outputNotice ??= setTimeout(() => {
      this.#outputNotice = undefined;
      this.#changed();
    }, outputNoticeMs);
  }

  end(outcome: TaskOutcome): void {
    this.#status = outcome.exitCode === 0 ? completed : failed;
    const lastDurationMs = Math.round(performance.now() - this.#startedAtMs);
    this.#result = { ...this.#result, ...outcome, lastDurationMs };
    this.#changed();
  }

  reset(): void {
    this.#status = created;
    this.#changed();
  }

  skip(): void {
    this.#status = completed;
    this.#result = { ...this.#result, skipped: true };
    this.#changed();
  }

  state(): TaskState {
    const { name, machine, user, needs, run, timeoutSeconds } = this.plan;
    return {
      ...{ name, machine, user, init: true, helper: false, needs: [...needs], run, timeoutSeconds },
      status: this.#status,
      version: this.#version,
      stdout: "",
      stderr: "",
      ...this.#result,
    };
  }

  stateWithOutput(): TaskState {
    return { ...this.state(), stdout: text(this.#stdout), stderr: text(this.#stderr) };
  }

  dispose(): void {
    clearTimeout(this.#outputNotice);
  }

  #changed(): void {
    clearTimeout(this.#outputNotice);
    this.#outputNotice = undefined;
    this.#version++;
    this.#onChange(this.state());
  }

  #restore(previous: TaskState): void {
    const { exitCode, message, skipped, lastRunAt, lastDurationMs } = previous;
    this.#version = previous.version;
    if (previous.status !== running && previous.status !== failed && previous.status !== completed) return;
    this.#status = previous.status;
    this.#result = {
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(message === undefined ? {} : { message }),
      ...(skipped === undefined ? {} : { skipped }),
      ...(lastRunAt === undefined ? {} : { lastRunAt }),
      ...(lastDurationMs === undefined ? {} : { lastDurationMs }),
    };
    this.#stdout.append(previous.stdout);
    this.#stderr.append(previous.stderr);
    if (previous.status === running) {
      this.#status = failed;
      this.#version++;
      this.#result.message = "the play stopped while the task was running";
    }
  }
}

/** A tail may begin inside a character; half of one is dropped rather than shown as garbage. */
function text(tail: BoundedTail): string {
  const bytes = tail.toBuffer();
  let start = 0;
  if (tail.droppedBytes > 0) while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return bytes.toString("utf8", start);
}
