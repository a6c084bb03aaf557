import { Scope } from "../lib/scope.ts";
import { openNetwork } from "../network/open-network.ts";
import type { Plan } from "../plan/plan.ts";
import { type Paths, planFile } from "../store/paths.ts";
import { readRequired } from "../store/play-records.ts";
import { qemuFacts } from "../vm/qemu/facts.ts";

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
  const plan = await readRequired<Plan>(planFile(paths, playId));
  await using scope = new Scope(`runner of ${playId}`);
  // Its commands run while the rest of the program is loaded, which takes longer than they do.
  const network = openNetwork(plan, scope, signal);
  network.catch(() => {
    // Told by the boot, which waits for it.
  });
  const { servePlay } = await import("./serve-play.ts");
  await servePlay({ paths, plan, network, scope, signal });
}
