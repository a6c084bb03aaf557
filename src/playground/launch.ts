import { open, readFile, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Problem } from "../api/problems.ts";
import { playMarkerVariable } from "../host/play-processes.ts";
import { startChild } from "../host/process.ts";
import { egressArguments } from "../network/egress.ts";
import type { Plan } from "../plan/plan.ts";
import { recordAcquisition } from "../store/ledger.ts";
import { authorityFiles, type Paths, runnerLogFile, runnerSocket } from "../store/paths.ts";
import { ensureRuntimeDirectory } from "../store/runtime-directory.ts";
import { programArguments } from "./program.ts";
import { runnerAnswers } from "./runner-client.ts";

const startTimeoutMs = 20_000;
const launcher = resolve(import.meta.dirname, "..", "network", "enter-namespace.sh");

/**
 * Starts the runner of a play in new namespaces, detached from this process.
 *
 * Afterwards the runner answers on its socket and lives on when this process ends. When it does not answer in time
 * this rejects with the end of its log; the caller reaps what may be left.
 */
export async function launchRunner(paths: Paths, plan: Plan, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const socket = runnerSocket(paths, plan.playId);
  await ensureRuntimeDirectory(paths);
  recordAcquisition(paths, plan.playId, { kind: "path", path: socket });
  recordAcquisition(paths, plan.playId, { kind: "processes" });
  await rm(socket, { force: true });
  const log = await open(runnerLogFile(paths, plan.playId), "w", 0o600);
  try {
    const child = await startChild(
      ["sh", launcher, ...egressArguments(plan), "--", ...programArguments("runner.ts"), plan.playId],
      {
        stdio: ["ignore", log.fd, log.fd],
        outliveParent: true,
        env: {
          ...process.env,
          LABYARD_HOME: paths.home,
          LABYARD_HIDDEN: dirname(authorityFiles(paths).key),
          [playMarkerVariable]: plan.playId,
        },
      },
    );
    let ended = false;
    void child.exited.then(() => (ended = true));
    const deadline = Date.now() + startTimeoutMs;
    while (!(await runnerAnswers(socket))) {
      if (ended || Date.now() > deadline || signal.aborted) {
        signal.throwIfAborted();
        throw new Problem("playground/runner-did-not-start", {
          where: { step: "network" },
          details: await logTail(paths, plan.playId),
        });
      }
      await sleep(15);
    }
  } finally {
    await log.close();
  }
}

/** The last lines that the runner and its launcher wrote. */
export async function logTail(paths: Paths, playId: string): Promise<string[]> {
  const text = await readFile(runnerLogFile(paths, playId), "utf8").catch(() => "");
  return text
    .trim()
    .split("\n")
    .slice(-15)
    .filter(line => line !== "");
}
