import type { BootPhase } from "../api/play-state.ts";
import { printable } from "../lib/printable.ts";

/** What the shim says on the console when it begins a step, and for people when it cannot go on. */
const shimLine = /^labyard: ([a-z]+)(?:: (.+))?$/;
const lineMaxLength = 1000;
/** Their words come from the image in part: enough for every drive of a machine, and bounded. */
const warningsMax = 32;
const warningMaxLength = 300;

export interface BootProgressEvents {
  /** A phase begins; `message` is for people. */
  onPhase(phase: BootPhase, message: string): void;
  /** The shim gave up; the machine powers off by itself. */
  onFailure(step: string, message: string): void;
  /** Something of the machine is not as its author wrote it; it boots all the same. */
  onWarning(message: string): void;
}

const messages: Record<string, string> = {
  modules: "loading drivers",
  network: "configuring the network",
  drive: "mounting the root drive",
  files: "writing files",
  startup: "writing startup files",
  init: "starting the image's services",
};

/** Follows a serial console from power-on to the hand-over to the image's init. What the guest prints is not trusted: only known steps count. */
export class BootProgress {
  readonly #events: BootProgressEvents;
  #rest = "";
  #handedOver = false;
  /** Before, a warning is about a driver, which may not be needed; what is needed and missing fails by itself. */
  #isInImage = false;
  #warnings = 0;

  constructor(events: BootProgressEvents) {
    this.#events = events;
  }

  /** A guest that reboots begins again. */
  restart(): void {
    this.#rest = "";
    this.#handedOver = false;
    this.#isInImage = false;
    this.#warnings = 0;
  }

  append(chunk: Buffer): void {
    // After the hand-over everything on the console is the guest's own.
    if (this.#handedOver) return;
    const lines = (this.#rest + chunk.toString("latin1")).split(/\r?\n/);
    this.#rest = (lines.pop() ?? "").slice(-lineMaxLength);
    for (const line of lines) this.#readLine(line.trim());
  }

  #readLine(line: string): void {
    const [, step, what] = shimLine.exec(line) ?? [];
    if (step === undefined || this.#handedOver) return;
    if (what !== undefined) {
      if (step === "warning") this.#warn(what);
      else this.#events.onFailure(step, what.slice(0, lineMaxLength));
      return;
    }
    const message = messages[step];
    if (message === undefined) return;
    if (step === "files") this.#isInImage = true;
    this.#handedOver = step === "init";
    this.#events.onPhase(this.#handedOver ? "channel" : "init", message);
  }

  #warn(what: string): void {
    if (!this.#isInImage || this.#warnings === warningsMax) return;
    this.#warnings++;
    const readable = printable(Buffer.from(what, "latin1").toString());
    this.#events.onWarning(readable.slice(0, warningMaxLength));
  }
}
