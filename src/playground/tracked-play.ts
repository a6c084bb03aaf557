import { setTimeout as sleep } from "node:timers/promises";
import { currentState, type PlayState, restingStates } from "../api/play-state.ts";
import { Problem } from "../api/problems.ts";
import { requireDiskSpace, startSpaceBytes } from "../drives/disk-space.ts";
import { Latest } from "../lib/latest.ts";
import type { Log } from "../lib/log.ts";
import type { Plan } from "../plan/plan.ts";
import { type Paths, planFile, preparedFile, runnerSocket } from "../store/paths.ts";
import { readPlayState, readRecord, writeRecord } from "../store/play-records.ts";
import { reapPlay } from "../store/reaper.ts";
import { statesWithRunner } from "./actions.ts";
import { launchRunner, logTail } from "./launch.ts";
import { LiveState, withoutTaskOutput } from "./live-state.ts";
import { lookupPrepared } from "./prepare.ts";
import { prepareInChild } from "./prepare-process.ts";
import { ensureRegistryIdentity } from "./registry-identity.ts";
import { askRunner, runnerAnswers, watchRunner } from "./runner-client.ts";

export interface TrackedPlayOptions {
  paths: Paths;
  log: Log;
  playId: string;
  state: PlayState;
}

/**
 * The server's view of one play that is doing something: it drives the preparation, then follows the runner.
 *
 * Until the runner has been launched this process writes the play's state; from then on the runner does.
 */
export class TrackedPlay {
  readonly #options: TrackedPlayOptions;
  readonly #latest: Latest<PlayState>;
  #abort = new AbortController();
  #work: Promise<void> = Promise.resolve();

  constructor(options: TrackedPlayOptions) {
    this.#options = options;
    this.#latest = new Latest(withoutTaskOutput(options.state));
  }

  get state(): PlayState {
    return this.#latest.value;
  }

  watch(signal: AbortSignal): AsyncGenerator<PlayState> {
    return this.#latest.watch(signal);
  }

  show(state: PlayState): void {
    this.#latest.set(withoutTaskOutput(state));
  }

  /** Shows the last state; watchers end after they have seen it. */
  finish(state: PlayState): void {
    this.show(state);
    this.#latest.end();
  }

  /** Prepares, launches and follows, in the background. Resolves once the state says so: nobody sees the old one. */
  async begin(): Promise<void> {
    const shown = Promise.withResolvers<void>();
    this.#run(() => this.#prepareAndLaunch(shown.resolve).finally(shown.resolve));
    await shown.promise;
  }

  /** Follows a runner that is already there, in the background. */
  follow(): void {
    this.#run(() => this.#follow());
  }

  /** Resolves when the background work has ended. */
  settled(): Promise<void> {
    return this.#work;
  }

  async stop(): Promise<void> {
    if (statesWithRunner.includes(currentState(this.state))) {
      await askRunner(runnerSocket(this.#options.paths, this.#options.playId), "POST", "/stop");
    } else {
      this.#abort.abort(new Error("stopped by its owner"));
    }
  }

  /** Stops following and ends the runner without asking it: for a play whose drives are about to be removed. */
  async abandon(): Promise<void> {
    this.#abort.abort(new Error("destroyed by its owner"));
    await reapPlay(this.#options.paths, this.#options.playId);
    await this.#work;
    await reapPlay(this.#options.paths, this.#options.playId);
  }

  /** Stops following; a runner goes on without us. An unfinished preparation is taken up by the next server. */
  async letGo(): Promise<void> {
    this.#abort.abort(leaving);
    await this.#work;
    this.#latest.end();
  }

  /** Records that the runner has ended on its own: the play is FAILED, its drives are kept. */
  async declareRunnerGone(): Promise<void> {
    const { paths, playId } = this.#options;
    const problem = new Problem("playground/runner-gone", { details: await logTail(paths, playId) });
    await this.#recordFailure((await readPlayState(paths, playId)) ?? this.state, problem);
  }

  #run(work: () => Promise<void>): void {
    const { log, playId } = this.#options;
    this.#work = work().catch(error => log.error({ playId, err: error }, "following a play failed"));
  }

  async #prepareAndLaunch(onBegun: () => void): Promise<void> {
    const { paths, playId } = this.#options;
    const before = (await readPlayState(paths, playId)) ?? this.#options.state;
    const { problem: _old, ...fresh } = before;
    const state = new LiveState(paths, { ...fresh, phases: {} });
    try {
      state.enter("WARMING_UP");
      for (const machine of state.current.machines) {
        state.updateMachine(machine.name, {
          state: "WARMING_UP",
          ready: false,
          step: { phase: "image", message: "checking image and kernel" },
        });
      }
      this.show(state.current);
      onBegun();
      const plan = (await readRecord<Plan>(planFile(paths, playId))) as Plan;
      state.markPhase("plan");
      await this.#prepare(plan, state);
      for (const machine of plan.machines) state.updateMachine(machine.name, { state: "WARMED_UP" });
      state.markPhase("image");
      state.enter("WARMED_UP");
      await state.end();
      this.show(state.current);
      await launchRunner(paths, plan, this.#abort.signal);
    } catch (error) {
      await reapPlay(paths, playId);
      if (this.#abort.signal.reason === leaving) return;
      if (this.#abort.signal.aborted) await this.#recordStop(state.current);
      else await this.#recordFailure(state.current, Problem.from(error), error);
      return;
    }
    await this.#follow();
  }

  async #prepare(plan: Plan, state: LiveState): Promise<void> {
    const { paths } = this.#options;
    await requireDiskSpace(paths.home, await startSpaceBytes(plan.machines, { paths, playId: plan.playId }));
    await Promise.all([this.#prepareImages(plan, state), ensureRegistryIdentity(paths, plan)]);
  }

  async #prepareImages(plan: Plan, state: LiveState): Promise<void> {
    const { paths } = this.#options;
    const cached = await lookupPrepared(paths, plan, this.#abort.signal);
    if (cached !== undefined) {
      await writeRecord(preparedFile(paths, plan.playId), cached);
      return;
    }
    await prepareInChild(
      paths,
      plan,
      (machine, step) => {
        state.updateMachine(machine, { step });
        this.show(state.current);
      },
      this.#abort.signal,
    );
  }

  async #follow(): Promise<void> {
    const { paths, playId } = this.#options;
    for await (const state of watchRunner(runnerSocket(paths, playId), this.#abort.signal)) {
      // The end is shown when all is released: who reads STOPPED may count on it.
      if (!restingStates.includes(currentState(state))) this.show(state);
    }
    if (this.#abort.signal.aborted) return;
    await untilSilent(runnerSocket(paths, playId));
    await reapPlay(paths, playId);
    const last = (await readPlayState(paths, playId)) ?? this.state;
    if (statesWithRunner.includes(currentState(last)) || currentState(last) === "WARMED_UP")
      await this.declareRunnerGone();
    else this.show(last);
  }

  async #recordStop(from: PlayState): Promise<void> {
    await this.#record(from, state => state.enter("STOPPED"));
  }

  async #recordFailure(from: PlayState, problem: Problem, cause?: unknown): Promise<void> {
    const { log, playId } = this.#options;
    log.warn({ playId, code: problem.code, where: problem.where, err: cause ?? problem.cause }, problem.message);
    await this.#record(from, state => {
      const machine = problem.where?.machine;
      if (machine !== undefined) state.updateMachine(machine, { problem });
      state.enter("FAILED", problem);
    });
  }

  async #record(from: PlayState, change: (state: LiveState) => void): Promise<void> {
    const state = new LiveState(this.#options.paths, from);
    for (const machine of from.machines) state.updateMachine(machine.name, { state: "STOPPED", ready: false });
    change(state);
    await state.end();
    this.show(state.current);
  }
}

const leaving = new Error("the server is leaving");
const farewellMs = 5000;

/** Lets a runner that has said its last word release what it owns; one that hangs is left to the reaper. */
async function untilSilent(socket: string): Promise<void> {
  const deadline = Date.now() + farewellMs;
  while (Date.now() < deadline && (await runnerAnswers(socket))) await sleep(20);
}
