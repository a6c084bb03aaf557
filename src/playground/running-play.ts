import { PlayRegistry } from "../access/registry/play-registry.ts";
import type { PlayState, TaskState } from "../api/play-state.ts";
import { Problem } from "../api/problems.ts";
import { Scope } from "../lib/scope.ts";
import type { Plan } from "../plan/plan.ts";
import { openChannel } from "../provisioning/channel.ts";
import { ChannelKeeper } from "../provisioning/channel-keeper.ts";
import type { PlayKeys } from "../provisioning/keys.ts";
import { runTasks, type TaskRun } from "../provisioning/tasks.ts";
import { type Paths, registryDirectory } from "../store/paths.ts";
import { imageNotices } from "./image-notices.ts";
import { type LiveState, withoutTaskOutput } from "./live-state.ts";
import { MachineRuntime } from "./machine-runtime.ts";
import type { PlayAccess } from "./play-access.ts";
import type { Prepared } from "./prepare.ts";
import type { RegistryIdentity } from "./registry-identity.ts";
import type { RunnerActions } from "./runner-api.ts";
import { startTogether } from "./start-together.ts";

export interface RunningPlayOptions {
  paths: Paths;
  plan: Plan;
  prepared: Prepared;
  keys: PlayKeys;
  registryIdentity: RegistryIdentity;
  /** The play's network, perhaps still being built. */
  network: Promise<unknown>;
  state: LiveState;
  /** Tasks of an earlier run of this play: what has ended is not run again. */
  previousTasks: readonly TaskState[];
}

const channelPort = 2022;
/** A play whose machines have all been off for this long is over. */
const allOffMs = 60_000;
/** Manifests are written for hosts with hardware virtualization; emulated machines get this much more time. */
const slowness = { kvm: 1, tcg: 5 };
const bootTimeoutMs = { kvm: 120_000, tcg: 420_000 };

/** One play while its runner lives: boots it, answers what is asked of it, shuts it down. */
export class RunningPlay implements RunnerActions {
  readonly access: Promise<PlayAccess>;
  readonly #mayLoadAccess = Promise.withResolvers<void>();
  readonly #options: RunningPlayOptions;
  readonly #keeper: ChannelKeeper;
  readonly #machines: MachineRuntime[];
  readonly #tasks: TaskRun;
  readonly #registry: PlayRegistry;
  readonly #stopRequest = new AbortController();
  /** By machine: what was asked for last. Never rejects. */
  readonly #powerWork = new Map<string, Promise<void>>();
  #allOff = Promise.withResolvers<void>();

  constructor(options: RunningPlayOptions) {
    this.#options = options;
    const { plan, keys, state, prepared } = options;
    const { acceleration } = prepared;
    this.#keeper = new ChannelKeeper({
      connect: (machine, username, wait) =>
        openChannel({
          machine,
          username,
          address: this.#address(machine),
          port: channelPort,
          privateKey: keys.channel.privateKey,
          hostKey: keys.machines[machine]?.channelHost.publicKey ?? "",
          ...wait,
        }),
    });
    this.#tasks = runTasks({
      tasks: plan.tasks,
      machines: plan.machines,
      channel: (machine, wait) => this.#keeper.get(machine, "root", wait),
      timeoutFactor: slowness[acceleration],
      previous: options.previousTasks,
      // Later: the first changes come while the run is being made.
      onChange: () => queueMicrotask(() => this.#showTasks()),
    });
    this.#machines = plan.machines.map(
      machine =>
        new MachineRuntime({
          ...options,
          machine,
          acceleration,
          prepared: prepared.machines[machine.name] as Prepared["machines"][string],
          keeper: this.#keeper,
          bootTimeoutMs: bootTimeoutMs[acceleration],
          onReady: () => this.#tasks.machineReady(machine.name),
          onOff: () => {
            void this.access.then(access => access.machineOff(machine.name));
            this.#noticeOff();
          },
        }),
    );
    state.setTasks(this.#tasks.statesWithOutput());
    this.access = this.#mayLoadAccess.promise
      .then(() => import("./play-access.ts"))
      .then(({ PlayAccess }) => new PlayAccess(plan, this.#keeper));
    this.#registry = new PlayRegistry({
      ...options.registryIdentity,
      registry: plan.registry,
      directory: registryDirectory(options.paths, plan.playId),
      onFailure: ({ code, message }) => state.addNotice(code, message),
    });
  }

  /** Boots, serves until it is asked to stop (or all machines stay off), shuts down. Rejects when the boot fails. */
  async run(terminate: AbortSignal): Promise<void> {
    const { state } = this.#options;
    terminate.addEventListener("abort", () => this.stop(), { once: true });
    await using scope = new Scope(`play ${this.#options.plan.playId}`);
    scope.own("channels", () => this.#keeper[Symbol.asyncDispose]());
    scope.own("tasks", () => this.#tasks[Symbol.asyncDispose]());
    scope.own("terminals and commands", async () => {
      this.#mayLoadAccess.resolve();
      await (await this.access)[Symbol.asyncDispose]();
    });
    scope.own("registry", () => this.#registry[Symbol.asyncDispose]());
    try {
      await this.#boot(scope);
    } catch (error) {
      // Asked to stop while booting: that is no failure.
      if (!this.#stopRequest.signal.aborted) throw error;
    }
    if (!this.#stopRequest.signal.aborted) {
      void this.#noteTasksDone();
      await Promise.race([aborted(this.#stopRequest.signal), this.#allOff.promise]);
    }
    state.enter("STOPPING");
    await Promise.all(this.#machines.map(machine => machine.powerOff()));
    state.setTasks(this.#tasks.statesWithOutput());
    state.enter("STOPPED");
  }

  async #boot(scope: Scope): Promise<void> {
    const { plan, prepared, network, state } = this.#options;
    const { signal } = this.#stopRequest;
    state.enter("STARTING");
    for (const machine of plan.machines) {
      const images = prepared.machines[machine.name];
      for (const { code, message } of images ? imageNotices(machine, images) : []) {
        state.addNotice(code, message, machine.name);
      }
    }
    await Promise.all([
      network.then(() => this.#registry.listen()).then(() => state.markPhase("network")),
      ...this.#machines.map(machine => machine.createDrives(signal)),
    ]);
    state.markPhase("drives");
    for (const machine of this.#machines) scope.own(`machine ${machine.name}`, () => machine.kill());
    await startTogether(this.#machines, state, signal);
    // Nobody gets in before a machine is up, and loading takes time that its start should have.
    this.#mayLoadAccess.resolve();
    await Promise.race([Promise.all(this.#machines.map(machine => machine.whenReady())), rejectWhenAborted(signal)]);
    state.markPhase("channel");
    if (plan.registry.auth !== undefined) void this.#registry.start();
  }

  async #noteTasksDone(): Promise<void> {
    await this.#tasks.whenSettled();
    if (this.#tasks.allCompleted) this.#options.state.markPhase("tasks");
  }

  #showTasks(): void {
    this.#options.state.setTasks(this.#tasks.statesWithOutput());
  }

  #noticeOff(): void {
    if (!this.#machines.every(machine => machine.isOff)) return;
    setTimeout(() => {
      if (this.#machines.every(machine => machine.isOff)) this.#allOff.resolve();
    }, allOffMs).unref();
  }

  async *watch(signal: AbortSignal): AsyncGenerator<PlayState> {
    for await (const state of this.#options.state.watch(signal)) yield withoutTaskOutput(state);
  }

  tasks(): TaskState[] {
    return this.#tasks.statesWithOutput();
  }

  stop(): void {
    this.#stopRequest.abort(new Error("the play was asked to stop"));
  }

  retryTask(task: string): void {
    this.#tasks.retry(task);
    void this.#noteTasksDone();
  }

  skipTask(task: string): void {
    this.#tasks.skip(task);
  }

  machineAction(name: string, action: "reboot" | "stop" | "restart"): Promise<void> | void {
    const machine = this.#machine(name);
    if (action === "reboot") return machine.reboot();
    // One after the other: two restarts at once would put two monitors on the same drives.
    const before = this.#powerWork.get(name) ?? Promise.resolve();
    const work = before.then(() => (action === "stop" ? machine.powerOff() : this.#powerCycle(machine)));
    this.#powerWork.set(
      name,
      work.catch(() => {}),
    );
    // The request is accepted; how it goes on shows in the machine's state.
    work.catch(error => this.#options.state.updateMachine(name, { problem: Problem.from(error) }));
  }

  async #powerCycle(machine: MachineRuntime): Promise<void> {
    await machine.powerOff();
    await machine.powerOn(this.#stopRequest.signal);
  }

  #machine(name: string): MachineRuntime {
    const machine = this.#machines.find(candidate => candidate.name === name);
    if (machine !== undefined) return machine;
    const known = this.#machines.map(candidate => candidate.name).join(", ");
    throw new Problem("server/not-found", { message: `the play has no machine "${name}" (it has: ${known})` });
  }

  #address(name: string): string {
    return this.#options.plan.machines.find(machine => machine.name === name)?.interfaces[0]?.address ?? "";
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  await aborted(signal);
  throw signal.reason;
}
