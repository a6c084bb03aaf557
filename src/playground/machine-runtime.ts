import { Problem } from "../api/problems.ts";
import { createDrives, type MachineDrives } from "../drives/create-drives.ts";
import type { NoticeCode } from "../api/problems/notices.ts";
import type { MachinePlan, Plan } from "../plan/plan.ts";
import type { ChannelKeeper } from "../provisioning/channel-keeper.ts";
import type { PlayKeys } from "../provisioning/keys.ts";
import { watchReadiness } from "../provisioning/readiness.ts";
import type { Paths } from "../store/paths.ts";
import type { Vm, VmExit } from "../vm/machine.ts";
import { BootProgress } from "./boot-progress.ts";
import { diagnoseExit } from "./diagnose-exit.ts";
import type { LiveState } from "./live-state.ts";
import type { PreparedMachine } from "./prepare.ts";
import type { RegistryIdentity } from "./registry-identity.ts";
import { startMachine } from "./start-machine.ts";

export interface MachineRuntimeOptions {
  paths: Paths;
  plan: Plan;
  machine: MachinePlan;
  prepared: PreparedMachine;
  keys: PlayKeys;
  registryIdentity: Pick<RegistryIdentity, "authority">;
  acceleration: "kvm" | "tcg";
  state: LiveState;
  keeper: ChannelKeeper;
  /** How long the machine may take from power-on to an answering platform channel. */
  bootTimeoutMs: number;
  onReady(): void;
  /** The machine is off, for whatever reason. */
  onOff(): void;
}

const stopGraceMs = 30_000;
/** Of notices: what the shim could not do as the manifest says, a drive that it could not mount above all. */
const bootWarning: NoticeCode = "provisioning/boot-warning";

/** One machine of a running play, over any number of power cycles. Tells the play's state everything that happens. */
export class MachineRuntime {
  readonly name: string;
  readonly #options: MachineRuntimeOptions;
  readonly #start: typeof startMachine;
  #drives: MachineDrives | undefined;
  #vm: Vm | undefined;
  /** Ends the watching of the present power cycle. */
  #cycle: AbortController | undefined;
  #stopping = false;
  /** Since the last power-on or reboot; `Ready` is lost before the end shows, when the guest's services end. */
  #wasReady = false;
  /** The platform channel is open. */
  #answers = false;
  /** Whether the play is so far that a machine may be Ready. */
  #mayBeReady = false;
  #step = "kernel";
  #firstReady = Promise.withResolvers<void>();
  #off: Promise<void> = Promise.resolve();

  constructor(options: MachineRuntimeOptions, start = startMachine) {
    this.#options = options;
    this.#start = start;
    this.name = options.machine.name;
  }

  get isOff(): boolean {
    return this.#vm === undefined;
  }

  /** Makes the machine's drives if they do not exist yet; what a guest has written is never touched. */
  async createDrives(signal: AbortSignal): Promise<MachineDrives> {
    const { paths, plan, machine, prepared, state } = this.#options;
    state.updateMachine(this.name, { state: "STARTING", step: { phase: "drives", message: "preparing drives" } });
    this.#drives = await createDrives(machine, { paths, playId: plan.playId, bases: prepared.bases, signal });
    return this.#drives;
  }

  /** Powers on. Resolves when the VM runs; `whenReady` tells how the boot goes on. */
  async powerOn(signal: AbortSignal): Promise<void> {
    const { state } = this.#options;
    this.#stopping = false;
    this.#firstReady = Promise.withResolvers<void>();
    this.#firstReady.promise.catch(() => {
      // Whoever cares awaits whenReady; a later power cycle may have nobody who does.
    });
    this.#step = "kernel";
    this.#wasReady = false;
    this.#answers = false;
    state.dropNotices(bootWarning, this.name);
    // STARTING also takes away what was wrong the last time.
    state.updateMachine(this.name, { state: "STARTING", step: { phase: "kernel", message: "starting the kernel" } });
    const drives = this.#drives ?? (await this.createDrives(signal));
    const vm = await this.#start(this.#options, drives, signal);
    this.#vm = vm;
    this.#cycle = new AbortController();
    this.#off = vm.exited.then(exit => this.#ended(exit));
    this.#follow(vm, this.#cycle.signal);
    state.updateMachine(this.name, { state: "RUNNING", step: { phase: "kernel", message: "starting the kernel" } });
  }

  /** From now on the machine is Ready whenever it answers, and at once if it does already. */
  allowReady(): void {
    this.#mayBeReady = true;
    if (this.#answers) this.#becomeReady();
  }

  /** Resolves when the machine was Ready once since power-on; rejects when the machine ended or was late. */
  whenReady(): Promise<void> {
    return this.#firstReady.promise;
  }

  /** Shuts down from inside, presses the power button where that cannot be asked, and ends the VM after 30 s. */
  async powerOff(): Promise<void> {
    const vm = this.#vm;
    if (vm === undefined) return;
    this.#stopping = true;
    const isReady = this.#isReady();
    this.#options.state.updateMachine(this.name, { state: "STOPPING", ready: false });
    const asked = isReady && (await this.#ask("poweroff"));
    if (!asked) await vm.powerDown(AbortSignal.timeout(5000)).catch(() => {});
    const timer = setTimeout(() => void vm.kill(), asked ? stopGraceMs : stopGraceMs / 2);
    await this.#off;
    clearTimeout(timer);
  }

  /** Ends the VM at once. */
  async kill(): Promise<void> {
    this.#stopping = true;
    await this.#vm?.kill();
    await this.#off;
  }

  async reboot(): Promise<void> {
    if (this.#isReady() && (await this.#ask("reboot"))) return;
    throw new Problem("playground/action-not-allowed", {
      message: `${this.name} does not answer, so it cannot be asked to reboot`,
      where: { machine: this.name },
      hint: "Restart it instead: that switches it off and on.",
    });
  }

  #follow(vm: Vm, signal: AbortSignal): void {
    const { state, keeper, bootTimeoutMs } = this.#options;
    const progress = new BootProgress({
      onPhase: (phase, message) => this.#enterPhase(phase, message),
      onFailure: (step, message) => (this.#step = `${step}: ${message}`),
      onWarning: message =>
        state.addNotice(bootWarning, `"${this.name}" has started with a warning: ${message}`, this.name),
    });
    vm.console.onOutput(chunk => progress.append(chunk));
    vm.onEvent(event => {
      if (event.kind === "disk-full") state.updateMachine(this.name, { problem: this.#diskFull(vm) });
      if (event.kind === "disk-freed") state.updateMachine(this.name, { problem: null });
      if (event.kind !== "reboot") return;
      this.#wasReady = false;
      this.#answers = false;
      progress.restart();
      state.dropNotices(bootWarning, this.name);
      state.updateMachine(this.name, {
        state: "REBOOTING",
        ready: false,
        step: { phase: "kernel", message: "rebooting" },
      });
      void keeper.drop(this.name);
    });
    void watchReadiness({
      keeper,
      machine: this.name,
      signal,
      deadlineMs: bootTimeoutMs,
      onReady: () => {
        this.#wasReady = true;
        this.#answers = true;
        if (this.#mayBeReady) this.#becomeReady();
      },
      onLost: reason => {
        this.#answers = false;
        if (!this.#stopping)
          state.updateMachine(this.name, {
            ready: false,
            step: { phase: "channel", message: `waiting for the machine: ${reason}` },
          });
      },
      onLate: () => this.#late(vm),
    });
  }

  #becomeReady(): void {
    const { state } = this.#options;
    // Late is better than never: what was said about it does not hold any more.
    const wasLate = state.machine(this.name).problem?.code === "playground/machine-not-ready";
    state.updateMachine(this.name, { state: "RUNNING", ready: true, ...(wasLate ? { problem: null } : {}) });
    this.#firstReady.resolve();
    this.#options.onReady();
  }

  #enterPhase(phase: string, message: string): void {
    const { state } = this.#options;
    if (phase === "init") state.markPhase("kernel");
    if (phase === "channel") state.markPhase("init");
    this.#step = phase;
    state.updateMachine(this.name, { step: { phase: phase as "kernel", message } });
  }

  #diskFull(vm: Vm): Problem {
    return new Problem("host/disk-full", {
      message: `${this.name} is paused: the host's disk has no room for what it wrote (${this.#wasReady ? "running" : this.#step})`,
      hint: "Free space under the Labyard home directory; the machine then goes on by itself and has lost nothing.",
      where: { machine: this.name, step: this.#wasReady ? "running" : this.#step },
      details: vm.console.lastLines(15),
    });
  }

  #late(vm: Vm): void {
    const { state, bootTimeoutMs } = this.#options;
    const problem = new Problem("playground/machine-not-ready", {
      message: `${this.name} was not ready within ${bootTimeoutMs / 1000} s (it got as far as: ${this.#step})`,
      where: { machine: this.name, step: this.#step },
      details: vm.console.lastLines(15),
    });
    state.updateMachine(this.name, { problem });
    this.#firstReady.reject(problem);
  }

  async #ended(exit: VmExit): Promise<void> {
    const { state, keeper } = this.#options;
    this.#cycle?.abort();
    this.#vm = undefined;
    this.#answers = false;
    await keeper.drop(this.name);
    const problem = this.#stopping ? undefined : diagnoseExit(this.name, exit, this.#step, this.#wasReady);
    state.updateMachine(this.name, { state: "STOPPED", ready: false, ...(problem === undefined ? {} : { problem }) });
    this.#firstReady.reject(
      problem ?? new Problem("playground/machine-died", { message: `${this.name} was switched off while it started` }),
    );
    this.#options.onOff();
  }

  #isReady(): boolean {
    return this.#options.state.machine(this.name).conditions.some(condition => condition.status === "True");
  }

  /** True when the guest has taken the command. It may cut the connection before it answers. */
  async #ask(command: "poweroff" | "reboot"): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(5000);
      const channel = await this.#options.keeper.get(this.name, "root", { signal, deadlineMs: 2000 });
      const { exitCode } = await channel.exec(command, { signal });
      return exitCode === 0 || exitCode === null;
    } catch (error) {
      // A connection that ends under the command is how success looks from here.
      return error instanceof Problem && error.code === "provisioning/connection-lost";
    }
  }
}
