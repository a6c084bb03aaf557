import { once } from "node:events";
import type { Duplex } from "node:stream";
import { Problem } from "../../api/problems.ts";
import { playMarkerVariable } from "../../host/play-processes.ts";
import { type Child, startChild } from "../../host/process.ts";
import { type OpenConsole, openConsole } from "../console.ts";
import type { StartVm, Vm, VmEvent, VmExit } from "../machine.ts";
import { consoleDescriptor, qemuArguments, qmpDescriptor } from "./arguments.ts";
import { qemuFacts } from "./facts.ts";
import { QmpClient, type QmpEvent } from "./qmp.ts";

/** How often writes are tried again that found the disk full, and how long without a failure means that it is not. */
const diskRetryMs = 2000;
/** QEMU writes out its caches and goes; one that waits for a full or dead disk is ended without. */
const quitMs = 5000;
const resetSettlesMs = 100;
/** Resets within this time of the first belong to it: no kernel is up again sooner. */
const resetGroupMs = 1000;
/** A panic's registers and stack follow its first line, which says most. */
const panicLinesMax = 100;
const panicLine = /^\[ *\d+\.\d+\](\[.*\])? Kernel panic - not syncing/;

/** See StartVm. Rejects with `vm/start-failed` and QEMU's own words when it gives up before it answers. */
export const startVm: StartVm = async (spec, options) => {
  const facts = await qemuFacts();
  const argv = qemuArguments(spec, facts);
  // The runner is the first process of its pid namespace, so its machines die with it; elsewhere this line sees to it.
  const child = await startChild(["setpriv", "--pdeathsig", "KILL", "--", ...argv], {
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
    // Nothing it has no use for; the play's marker, so that it can be found if all else is gone.
    env: { PATH: process.env.PATH, LANG: "C.UTF-8", [playMarkerVariable]: process.env[playMarkerVariable] },
  });
  const vm = new QemuVm(child, openConsole(inherited(child, consoleDescriptor), options.consoleLog));
  try {
    vm.qmp = await QmpClient.connect(inherited(child, qmpDescriptor), {
      onEvent: event => vm.take(event),
      timeoutMs: options.startTimeoutMs ?? 30_000,
      signal: options.signal,
    });
    return vm;
  } catch (cause) {
    const exit = await vm.kill();
    options.signal.throwIfAborted();
    const said = exit.stderr.trim().split("\n").slice(-8);
    throw new Problem("vm/start-failed", {
      message: `QEMU ${facts.version} did not start ${spec.name}: ${said.at(-1) || (cause as Error).message}`,
      where: { machine: spec.name, step: "kernel" },
      details: said,
      cause,
    });
  }
};

class QemuVm implements Vm {
  readonly pid: number;
  readonly exited: Promise<VmExit>;
  readonly console: OpenConsole;
  qmp: QmpClient | undefined;
  readonly #child: Child;
  readonly #listeners = new Set<(event: VmEvent) => void>();
  #reason: VmExit["reason"] = "crashed";
  #reset: NodeJS.Timeout | undefined;
  #diskRetry: NodeJS.Timeout | undefined;
  #isStalled = false;
  #resetAtMs = Number.NEGATIVE_INFINITY;

  constructor(child: Child, console: OpenConsole) {
    this.#child = child;
    this.pid = child.pid;
    this.console = console;
    this.exited = this.#awaitExit();
  }

  onEvent(listener: (event: VmEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async powerDown(signal?: AbortSignal): Promise<void> {
    await this.qmp?.execute("system_powerdown", {}, signal ? { signal } : {});
  }

  async kill(): Promise<VmExit> {
    this.#endWith("killed");
    await this.#quit();
    await this.#child.stop(0);
    return this.exited;
  }

  /** What a guest wrote and did not flush lies in QEMU's own tables: ended by a signal, it would be lost with them. */
  async #quit(): Promise<void> {
    const { qmp } = this;
    if (qmp === undefined) return;
    const enough = AbortSignal.timeout(quitMs);
    try {
      await qmp.execute("quit", {}, { signal: enough });
      await Promise.race([this.exited, once(enough, "abort")]);
    } catch {
      // It does not answer: then by force.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  take({ event, data }: QmpEvent): void {
    if (event === "GUEST_PANICKED") this.#panicked();
    else if (event === "SHUTDOWN" && data.guest === true && this.#reason !== "panic") {
      this.#endWith("shutdown");
      this.#emit({ kind: "shutdown" });
    } else if (event === "BLOCK_IO_ERROR" && data.action === "stop") {
      this.#stalled();
    } else if (event === "RESET" && data.guest === true) {
      // A kernel tries several ways to reset until one works, and each is reported. What the guest printed before lies in
      // the other socket: look once that has been read too.
      const now = performance.now();
      if (now - this.#resetAtMs < resetGroupMs) return;
      this.#resetAtMs = now;
      this.#reset = setTimeout(() => this.#wasReset(), resetSettlesMs);
    }
  }

  /** Early in its boot a kernel cannot tell QEMU of its panic, but it prints it and resets. */
  #wasReset(): void {
    if (this.console.lastLines(panicLinesMax).some(line => panicLine.test(line))) {
      this.#panicked();
      void this.#child.stop(0);
    } else this.#emit({ kind: "reboot" });
  }

  /** QEMU stops the processors when the disk is full (its default), and repeats the failed writes when they go on. */
  #stalled(): void {
    if (!this.#isStalled) this.#emit({ kind: "disk-full" });
    this.#isStalled = true;
    clearTimeout(this.#diskRetry);
    this.#diskRetry = setTimeout(() => {
      // A write that fails again comes back here, and by that puts off the good news.
      this.#diskRetry = setTimeout(() => {
        this.#isStalled = false;
        this.#emit({ kind: "disk-freed" });
      }, diskRetryMs);
      this.qmp?.execute("cont").catch(() => {
        // A monitor that does not answer any more is about to end.
      });
    }, diskRetryMs);
  }

  #panicked(): void {
    if (this.#reason === "panic") return;
    this.#endWith("panic");
    this.#emit({ kind: "panic" });
  }

  /** The first reason stays: a shutdown that follows a panic, or a kill that follows both, is not why it ended. */
  #endWith(reason: VmExit["reason"]): void {
    if (this.#reason === "crashed") this.#reason = reason;
  }

  #emit(event: VmEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  async #awaitExit(): Promise<VmExit> {
    const { exitCode, signal } = await this.#child.exited;
    clearTimeout(this.#reset);
    clearTimeout(this.#diskRetry);
    await this.console.close();
    return {
      reason: this.#reason,
      exitCode,
      signal,
      stderr: this.#child.stderrTail(),
      consoleLines: this.console.lastLines(panicLinesMax),
    };
  }
}

/** Node gives each piped descriptor a socket pair: readable and writable on both ends. */
function inherited(child: Child, descriptor: number): Duplex {
  return child.process.stdio[descriptor] as Duplex;
}
