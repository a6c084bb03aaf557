import { Problem, type ProblemJson } from "../api/problems.ts";
import type { BootStep } from "../api/play-state.ts";
import { playMarkerVariable } from "../host/play-processes.ts";
import { startChild } from "../host/process.ts";
import { jsonLines } from "../lib/json-lines.ts";
import { readInventory } from "../images/cache/inventory.ts";
import { pruneCache } from "../images/cache/prune.ts";
import type { RegistryAccess } from "../images/registry/access.ts";
import type { Plan } from "../plan/plan.ts";
import { recordAcquisition } from "../store/ledger.ts";
import { planFile, preparedFile, type Paths } from "../store/paths.ts";
import { readRecord, writeRecord } from "../store/play-records.ts";
import { type Prepared, prepare } from "./prepare.ts";
import { programArguments } from "./program.ts";

type ProgressLine = { machine: string; step: BootStep } | { problem: ProblemJson } | { done: true };

/**
 * Prepares images and kernels in a process of its own, so that neither its work nor its death touches the server.
 *
 * Afterwards prepared.json exists. Rejects with the child's Problem; aborting ends the child and all it started.
 */
export async function prepareInChild(
  paths: Paths,
  plan: Plan,
  onProgress: (machine: string, step: BootStep) => void,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  // A server that dies leaves this child; the next one must not start a second beside it.
  recordAcquisition(paths, plan.playId, { kind: "processes" });
  const child = await startChild([...programArguments("main.ts"), "prepare", plan.playId], {
    env: { ...process.env, LABYARD_HOME: paths.home, [playMarkerVariable]: plan.playId },
  });
  const stop = () => void child.stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    let finished = false;
    for await (const line of jsonLines(child.process.stdout as NodeJS.ReadableStream as AsyncIterable<Uint8Array>)) {
      const progress = line as ProgressLine;
      if ("problem" in progress) throw Problem.fromJSON(progress.problem);
      if ("done" in progress) finished = true;
      else onProgress(progress.machine, progress.step);
    }
    const exit = await child.exited;
    signal.throwIfAborted();
    if (!finished) {
      throw new Problem("playground/preparation-died", {
        message: `preparing the images ended ${exit.signal ? `by ${exit.signal}` : `with exit code ${exit.exitCode}`}`,
        details: child.stderrTail().trim().split("\n").slice(-10),
      });
    }
  } finally {
    signal.removeEventListener("abort", stop);
    await child.stop();
  }
}

export interface PreparationOptions {
  paths: Paths;
  playId: string;
  registries: RegistryAccess;
  /** undefined: the image cache may grow as it likes */
  cacheLimitBytes: number | undefined;
  signal: AbortSignal;
  print: (line: string) => void;
}

/** The child's side: prints one JSON object a line. The exit code is 0 also for a told problem. */
export async function runPreparation(options: PreparationOptions): Promise<void> {
  const { paths, playId, registries, signal, print } = options;
  const tell = (line: ProgressLine) => print(`${JSON.stringify(line)}\n`);
  try {
    const plan = await readRecord<Plan>(planFile(paths, playId));
    if (plan === undefined) throw new Problem("server/not-found", { message: `no play ${playId}` });
    await makeRoom(options);
    const prepared: Prepared = await prepare({
      paths,
      plan,
      registries,
      signal,
      onProgress: (machine, step) => tell({ machine, step }),
    });
    await writeRecord(preparedFile(paths, playId), prepared);
    tell({ done: true });
  } catch (error) {
    tell({ problem: Problem.from(error).toJSON() });
    if (!(error instanceof Problem)) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  }
}

/** Keeps the image cache within its limit before more is fetched. What this play needs is not removed. */
async function makeRoom({ paths, cacheLimitBytes, signal }: PreparationOptions): Promise<void> {
  if (cacheLimitBytes === undefined) return;
  if ((await readInventory(paths)).totalBytes <= cacheLimitBytes) return;
  try {
    await pruneCache({ paths, maxBytes: cacheLimitBytes, patienceMs: 3000, signal });
  } catch (error) {
    // Others are at work with the cache; the next preparation tries again.
    if (!(error instanceof Problem) || error.code !== "image/in-use") throw error;
  }
}
