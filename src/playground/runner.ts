import { rm } from "node:fs/promises";
import type { Server } from "node:http";
import { Problem } from "../api/problems.ts";
import { Scope } from "../lib/scope.ts";
import type { Plan } from "../plan/plan.ts";
import { createPlayKeys, type PlayKeys } from "../provisioning/keys.ts";
import { keysFile, type Paths, planFile, preparedFile, registryIdentityFile, runnerSocket } from "../store/paths.ts";
import { readPlayState, readRecord, writeRecord } from "../store/play-records.ts";
import { qemuFacts } from "../vm/qemu/facts.ts";
import { LiveState } from "./live-state.ts";
import type { Prepared } from "./prepare.ts";
import type { RegistryIdentity } from "./registry-identity.ts";
import { createRunnerServer } from "./runner-api.ts";
import { RunningPlay } from "./running-play.ts";

export interface RunnerOptions {
  paths: Paths;
  playId: string;
  /** Aborted by TERM: the play is shut down cleanly. */
  signal: AbortSignal;
}

/**
 * Runs one play inside the namespaces this process was started in, until it has been stopped or has failed.
 *
 * When this resolves the play's last state is on disk, its machines are off and its socket is gone. The state tells
 * whether it failed: a failed play is not a failed runner.
 */
export async function runPlay({ paths, playId, signal }: RunnerOptions): Promise<void> {
  // Asked while files are read and the network is made: the first machine that starts needs the answer.
  qemuFacts().catch(() => {
    // Told by the start of the machine, which asks again.
  });
  const plan = await required<Plan>(planFile(paths, playId));
  const prepared = await required<Prepared>(preparedFile(paths, playId));
  const initial = await readPlayState(paths, playId);
  if (initial === undefined) throw new Error(`play ${playId} has no state`);
  const askedAt = initial.stateEvents.findLast(event => event.state === "WARMING_UP")?.at;
  const state = new LiveState(paths, initial, askedAt === undefined ? Date.now() : Date.parse(askedAt));
  const keys = await playKeys(paths, plan);
  const registryIdentity = await required<RegistryIdentity>(registryIdentityFile(paths, playId));

  await using scope = new Scope(`runner of ${playId}`);
  const play = new RunningPlay({ paths, plan, prepared, keys, registryIdentity, state, previousTasks: initial.tasks });
  await scope.acquire("socket", () => listen(createRunnerServer(play), runnerSocket(paths, playId)), close);
  try {
    await play.run(signal);
  } catch (error) {
    const problem = Problem.from(error);
    if (problem.code === "server/internal") console.error(error);
    state.enter("FAILED", problem);
  }
  // Watchers see the end before the socket goes.
  await state.end();
}

async function required<T>(file: string): Promise<T> {
  const value = await readRecord<T>(file);
  if (value === undefined) throw new Error(`${file} is missing`);
  return value;
}

/** Keys are made once in the life of a play: a restart must not change who the machines are. */
async function playKeys(paths: Paths, plan: Plan): Promise<PlayKeys> {
  const file = keysFile(paths, plan.playId);
  const existing = await readRecord<PlayKeys>(file);
  if (existing !== undefined) return existing;
  const keys = createPlayKeys(plan.machines);
  await writeRecord(file, keys);
  return keys;
}

async function listen(server: Server, path: string): Promise<Server> {
  await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  return server;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()));
  // Watchers have been told the end; what is still connected after a moment has lost its purpose.
  const timer = setTimeout(() => server.closeAllConnections(), 500);
  await closed;
  clearTimeout(timer);
}
