import { rm } from "node:fs/promises";
import type { Server } from "node:http";
import { Problem } from "../api/problems.ts";
import type { Scope } from "../lib/scope.ts";
import type { Plan } from "../plan/plan.ts";
import { createPlayKeys, type PlayKeys } from "../provisioning/keys.ts";
import { keysFile, type Paths, preparedFile, registryIdentityFile, runnerSocket } from "../store/paths.ts";
import { readPlayState, readRecord, readRequired, writeRecord } from "../store/play-records.ts";
import { LiveState } from "./live-state.ts";
import type { Prepared } from "./prepare.ts";
import type { RegistryIdentity } from "./registry-identity.ts";
import { createRunnerServer } from "./runner-api.ts";
import { RunningPlay } from "./running-play.ts";

export interface ServePlayOptions {
  paths: Paths;
  plan: Plan;
  /** The play's network, perhaps still being built. */
  network: Promise<unknown>;
  /** Owns the socket; what the play itself takes is released before this resolves. */
  scope: Scope;
  signal: AbortSignal;
}

/** Boots the play, answers on its socket and resolves when the play has stopped or failed; its state tells which. */
export async function servePlay({ paths, plan, network, scope, signal }: ServePlayOptions): Promise<void> {
  const { playId } = plan;
  const prepared = await readRequired<Prepared>(preparedFile(paths, playId));
  const initial = await readPlayState(paths, playId);
  if (initial === undefined) throw new Error(`play ${playId} has no state`);
  const askedAt = initial.stateEvents.findLast(event => event.state === "WARMING_UP")?.at;
  const state = new LiveState(paths, initial, askedAt === undefined ? Date.now() : Date.parse(askedAt));
  const keys = await playKeys(paths, plan);
  const registryIdentity = await readRequired<RegistryIdentity>(registryIdentityFile(paths, playId));

  const previousTasks = initial.tasks;
  const play = new RunningPlay({ paths, plan, prepared, network, keys, registryIdentity, state, previousTasks });
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
