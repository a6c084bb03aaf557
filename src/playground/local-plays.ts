import { rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { currentState, type PlayState, restingStates, type TaskState } from "../api/play-state.ts";
import { Problem } from "../api/problems.ts";
import type { Log } from "../lib/log.ts";
import type { Manifest } from "../manifest/schema.ts";
import { completePlan, type StoredPlan } from "../plan/complete-plan.ts";
import { createPlan } from "../plan/create-plan.ts";
import type { HostFacts } from "../plan/plan.ts";
import {
  keysFile,
  type Paths,
  planFile,
  playDirectory,
  registryDirectory,
  registryIdentityFile,
  requestFile,
  runnerSocket,
} from "../store/paths.ts";
import { createPlayDirectory, listPlayIds, readPlayState, readRecord, writeRecord } from "../store/play-records.ts";
import { reapPlay } from "../store/reaper.ts";
import { requireAllowed, statesOfPreparation } from "./actions.ts";
import { type ImageFinding, knownImageFindings } from "./known-image-findings.ts";
import { initialState } from "./initial-state.ts";
import { LiveState } from "./live-state.ts";
import type { KeyRequest, ListeningPort, PlayRequest, Plays, TerminalRequest, UpgradeTarget } from "./plays.ts";
import { readConsole } from "./read-console.ts";
import { scanMaxMs } from "./port-scan.ts";
import { askRunner, dialThroughRunner, runnerAnswers, spliceUpgrade } from "./runner-client.ts";
import { TrackedPlay } from "./tracked-play.ts";
import { knownKernels } from "../vm/kernels/catalogue.ts";

/** A runner that bounds its own work answers a little later than that. */
const answerGraceMs = 5000;

export interface LocalPlaysOptions {
  paths: Paths;
  log: Log;
  hostFacts: () => Promise<Omit<HostFacts, "limits">>;
}

/** The plays of this home: one TrackedPlay for each that is doing something, the disk for all others. */
export class LocalPlays implements Plays {
  readonly #options: LocalPlaysOptions;
  #tracked = new Map<string, TrackedPlay>();

  constructor(options: LocalPlaysOptions) {
    this.#options = options;
  }

  async create(request: PlayRequest): Promise<void> {
    const { paths } = this.#options;
    const { limits, ...wanted } = request;
    const plan = createPlan({ ...wanted, host: { ...(await this.#options.hostFacts()), limits } });
    await createPlayDirectory(paths, request.playId);
    await writeRecord(requestFile(paths, request.playId), request);
    await writeRecord(planFile(paths, request.playId), plan);
    const state = new LiveState(paths, initialState(plan));
    state.enter("CREATED");
    await state.end();
    await this.#track(request.playId, state.current).begin();
  }

  kernels(): Promise<string[]> {
    return knownKernels(this.#options.paths);
  }

  imageFindings(manifest: Manifest): Promise<ImageFinding[]> {
    return knownImageFindings(manifest, this.#options.paths);
  }

  list(): Promise<string[]> {
    return listPlayIds(this.#options.paths);
  }

  async state(playId: string): Promise<PlayState | undefined> {
    return this.#tracked.get(playId)?.state ?? (await readPlayState(this.#options.paths, playId));
  }

  async *watch(playId: string, signal: AbortSignal): AsyncGenerator<PlayState> {
    const tracked = this.#tracked.get(playId);
    if (tracked !== undefined) yield* tracked.watch(signal);
    else yield await this.#requireState(playId);
  }

  async tasks(playId: string): Promise<TaskState[]> {
    const socket = runnerSocket(this.#options.paths, playId);
    if (await runnerAnswers(socket)) return askRunner<TaskState[]>(socket, "GET", "/tasks");
    // The runner's last record has the output too; only streams leave it out.
    return (await readPlayState(this.#options.paths, playId))?.tasks ?? (await this.#requireState(playId)).tasks;
  }

  async stop(playId: string): Promise<void> {
    const state = await this.#requireState(playId);
    requireAllowed("stop", currentState(state));
    await this.#tracked.get(playId)?.stop();
  }

  async restart(playId: string): Promise<void> {
    const state = await this.#requireState(playId);
    requireAllowed("restart", currentState(state));
    await this.#tracked.get(playId)?.settled();
    await this.#completePlan(playId);
    await this.#track(playId, state).begin();
  }

  /** A play outlives updates of this program: its plan may have been written by an earlier version. */
  async #completePlan(playId: string): Promise<void> {
    const file = planFile(this.#options.paths, playId);
    const stored = await readRecord<StoredPlan>(file);
    if (stored?.registry !== undefined || stored === undefined) return;
    await writeRecord(file, completePlan(stored, await this.#options.hostFacts()));
  }

  async destroy(playId: string): Promise<void> {
    const { paths, log } = this.#options;
    const before = await this.#requireState(playId);
    requireAllowed("destroy", currentState(before));
    const tracked = this.#tracked.get(playId) ?? this.#track(playId, before);
    await tracked.abandon();
    const state = new LiveState(paths, tracked.state);
    state.enter("DESTROYING");
    await state.end();
    tracked.show(state.current);
    const finish = async () => {
      await this.#removeEverything(playId);
      const last = new LiveState(paths, state.current);
      for (const machine of last.current.machines) last.updateMachine(machine.name, { state: "STOPPED", ready: false });
      last.enter("DESTROYED");
      await last.end();
      tracked.finish(last.current);
      this.#tracked.delete(playId);
    };
    finish().catch(error => log.error({ playId, err: error }, "a play could not be destroyed"));
  }

  retryTask = (playId: string, task: string) =>
    this.#ask<void>(playId, "POST", `/tasks/${encodeURIComponent(task)}/retry`);
  skipTask = (playId: string, task: string) =>
    this.#ask<void>(playId, "POST", `/tasks/${encodeURIComponent(task)}/skip`);
  machineAction = (playId: string, machine: string, action: string) =>
    this.#ask<void>(playId, "POST", `/machines/${encodeURIComponent(machine)}/${action}`);

  async console(playId: string, machine: string): Promise<string> {
    const { machines } = await this.#requireState(playId);
    if (!machines.some(({ name }) => name === machine)) {
      throw new Problem("server/not-found", { message: `the play has no machine "${machine}"` });
    }
    // From disk, and not from the runner: when a play has failed its console matters most.
    return readConsole(this.#options.paths, playId, machine);
  }

  async dial(playId: string, machine: string, port: number, signal: AbortSignal): Promise<Duplex> {
    return dialThroughRunner(await this.#requireRunner(playId), machine, port, signal);
  }

  async scanPorts(playId: string, machine?: string): Promise<ListeningPort[]> {
    return askRunner(await this.#requireRunner(playId), "POST", "/ports/scan", { machine }, scanMaxMs + 5000);
  }

  async authorizeKey(playId: string, request: KeyRequest): Promise<void> {
    const socket = await this.#requireRunner(playId);
    const path = `/machines/${encodeURIComponent(request.machine)}/authorized-keys`;
    await askRunner(socket, "POST", path, request, request.timeoutMs + answerGraceMs);
  }

  async openTerminal(playId: string, terminal: TerminalRequest): Promise<string> {
    return (await this.#ask<{ id: string }>(playId, "POST", "/terminals", terminal)).id;
  }

  listTerminals = (playId: string) =>
    this.#ask<Array<{ id: string; machine: string; user: string }>>(playId, "GET", "/terminals");
  closeTerminal = (playId: string, id: string) =>
    this.#ask<void>(playId, "DELETE", `/terminals/${encodeURIComponent(id)}`);

  async upgrade(
    playId: string,
    target: UpgradeTarget,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): Promise<void> {
    await spliceUpgrade(runnerSocket(this.#options.paths, playId), upgradePath(target), request, socket, head);
  }

  async recover(): Promise<void> {
    const { paths, log } = this.#options;
    for (const playId of await listPlayIds(paths)) {
      try {
        await this.#recoverPlay(playId);
      } catch (error) {
        log.error({ playId, err: error }, "a play could not be recovered");
      }
    }
  }

  /** Lets go of all plays; those with a runner go on running. */
  async close(): Promise<void> {
    await Promise.all([...this.#tracked.values()].map(tracked => tracked.letGo()));
    this.#tracked.clear();
  }

  async #recoverPlay(playId: string): Promise<void> {
    const { paths, log } = this.#options;
    const state = await readPlayState(paths, playId);
    if (state === undefined) {
      // The server died between making the directory and the first record: nothing was promised to anybody.
      await rm(playDirectory(paths, playId), { recursive: true, force: true });
      return;
    }
    const name = currentState(state);
    if (name === "DESTROYED") return;
    if (await runnerAnswers(runnerSocket(paths, playId))) {
      log.info({ playId }, "found a running play");
      this.#track(playId, state).follow();
      return;
    }
    await reapPlay(paths, playId);
    if (name === "DESTROYING") await this.#finishDestroying(playId, state);
    else if (statesOfPreparation.includes(name)) await this.#track(playId, state).begin();
    else if (!restingStates.includes(name)) await this.#track(playId, state).declareRunnerGone();
  }

  async #finishDestroying(playId: string, state: PlayState): Promise<void> {
    await this.#removeEverything(playId);
    const last = new LiveState(this.#options.paths, state);
    last.enter("DESTROYED");
    await last.end();
  }

  async #removeEverything(playId: string): Promise<void> {
    const { paths } = this.#options;
    await reapPlay(paths, playId);
    await rm(join(playDirectory(paths, playId), "machines"), { recursive: true, force: true });
    await rm(registryDirectory(paths, playId), { recursive: true, force: true });
    await rm(registryIdentityFile(paths, playId), { force: true });
    await rm(keysFile(paths, playId), { force: true });
  }

  #track(playId: string, state: PlayState): TrackedPlay {
    const tracked = new TrackedPlay({ ...this.#options, playId, state });
    this.#tracked.set(playId, tracked);
    return tracked;
  }

  async #requireState(playId: string): Promise<PlayState> {
    const state = await this.state(playId);
    if (state === undefined) throw new Problem("server/not-found", { message: `there is no play ${playId}` });
    return state;
  }

  async #requireRunner(playId: string): Promise<string> {
    requireAllowed("use", currentState(await this.#requireState(playId)));
    return runnerSocket(this.#options.paths, playId);
  }

  async #ask<T>(playId: string, method: string, path: string, body?: unknown): Promise<T> {
    return askRunner<T>(await this.#requireRunner(playId), method, path, body);
  }
}

function upgradePath(target: UpgradeTarget): string {
  if (target.kind === "tunnel") {
    return `/machines/${encodeURIComponent(target.machine)}/tunnels/${encodeURIComponent(target.payload)}`;
  }
  if (target.kind === "terminal") return `/terminals/${encodeURIComponent(target.terminalId)}/socket`;
  const machine = encodeURIComponent(target.machine);
  if (target.kind === "journal") {
    return `/machines/${machine}/journal?${new URLSearchParams({ query: JSON.stringify(target.query) })}`;
  }
  const query = new URLSearchParams();
  if (target.user !== undefined) query.set("user", target.user);
  if (target.command !== undefined) query.set("command", target.command);
  if (target.pty !== undefined) {
    query.set("cols", String(target.pty.cols));
    query.set("rows", String(target.pty.rows));
  }
  return `/machines/${machine}/exec?${query}`;
}
