import { styleText } from "node:util";
import { formatSize } from "../manifest/size.ts";
import { currentState, type MachineStatus, type PlayState, type TaskState } from "../api/play-state.ts";

const taskWords: Record<TaskState["status"], string> = {
  0: "none",
  10: "created",
  20: "blocked",
  30: "running",
  35: "failed",
  40: "completed",
};

export function taskWord(task: { status: TaskState["status"]; skipped?: boolean | undefined }): string {
  return task.skipped ? "skipped" : taskWords[task.status];
}

/** Shows how a play comes up: a block that is redrawn on a terminal, a line per change elsewhere. */
export class PlayProgress {
  readonly #out: NodeJS.WriteStream;
  readonly #startedAtMs = Date.now();
  #drawnLines = 0;
  #said = new Set<string>();
  #last: PlayState | undefined;
  #ticker: NodeJS.Timeout | undefined;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
    if (out.isTTY) this.#ticker = setInterval(() => this.#draw(), 500).unref();
  }

  update(state: PlayState): void {
    this.#last = state;
    if (this.#out.isTTY) this.#draw();
    else this.#say(state);
  }

  /** Leaves the last picture standing. */
  end(): void {
    clearInterval(this.#ticker);
    if (this.#out.isTTY) this.#draw();
  }

  #draw(): void {
    if (this.#last === undefined) return;
    const width = Math.max(this.#out.columns || 80, 20);
    const lines = this.#picture(this.#last).map(line => line.slice(0, width - 1));
    const up = this.#drawnLines > 0 ? `\x1b[${this.#drawnLines}A` : "";
    this.#out.write(`${up}${lines.map(line => `\x1b[2K${line}\n`).join("")}\x1b[0J`);
    this.#drawnLines = lines.length;
  }

  #picture(state: PlayState): string[] {
    const elapsed = `${((Date.now() - this.#startedAtMs) / 1000).toFixed(1)} s`;
    const lines = [`${currentState(state)}  ${elapsed}`];
    for (const notice of state.notices) lines.push(`  note: ${notice.message}`);
    for (const machine of state.machines) {
      const ready = machine.conditions.some(condition => condition.status === "True");
      const doing =
        machine.problem?.error ?? (ready ? "ready" : (machine.step?.message ?? machine.state.toLowerCase()));
      const percent = machine.step?.progress === undefined ? "" : ` ${Math.round(machine.step.progress * 100)} %`;
      const size = machine.resources === undefined ? "" : ` (${resourcesText(machine.resources)})`;
      lines.push(`  ${mark(ready, machine.problem !== undefined)} ${machine.name}${size}: ${doing}${percent}`);
    }
    for (const task of state.tasks) {
      lines.push(
        `  ${mark(task.status === 40, task.status === 35)} task ${task.name} on ${task.machine}: ${taskWord(task)}`,
      );
    }
    return lines;
  }

  #say(state: PlayState): void {
    const facts = [
      ...state.notices.map(notice => `note: ${notice.message}`),
      ...state.stateEvents.map(event => `${event.state} (${event.at})`),
      ...state.machines.flatMap(machine => [
        ...(machine.resources === undefined ? [] : [`${machine.name}: ${resourcesText(machine.resources)}`]),
        ...(machine.step === undefined ? [] : [`${machine.name}: ${machine.step.message}`]),
        ...(machine.conditions.some(condition => condition.status === "True") ? [`${machine.name}: ready`] : []),
      ]),
      ...state.tasks
        .filter(task => task.status >= 30)
        .map(task => `task ${task.name} on ${task.machine}: ${taskWord(task)}`),
    ];
    for (const fact of facts) {
      if (this.#said.has(fact)) continue;
      this.#said.add(fact);
      this.#out.write(`${fact}\n`);
    }
  }
}

function resourcesText({ vcpus, memoryMiB }: NonNullable<MachineStatus["resources"]>): string {
  return `${vcpus} vCPU, ${formatSize(memoryMiB)}`;
}

function mark(done: boolean, failed: boolean): string {
  if (failed) return styleText("red", "x");
  return done ? styleText("green", "+") : "-";
}
