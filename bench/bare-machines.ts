import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../src/host/process.ts";
import type { Plan } from "../src/plan/plan.ts";
import type { VmSpec } from "../src/vm/machine.ts";

/** What the program inside the namespace reads. */
export interface BareMachines {
  plan: Plan;
  /** As the platform would start them; their drives must be fresh ones. */
  machines: ReadonlyArray<{
    spec: VmSpec;
    /** Up is when root has logged in here, by the platform's own client: the same event as Ready. */
    login: { address: string; port: number; privateKey: string; hostKey: string };
  }>;
  deadlineMs: number;
}

/** What it prints. Times count from the start of the first process to the last machine's login. */
export interface BareBoot {
  elapsedMs: number;
  /** Processor time of all machines until then: on a shared host steadier than elapsed time. */
  cpuMs: number;
}

const inside = join(import.meta.dirname, "bare-machines-inside.ts");

/**
 * Boots the same kernels, initrds and drives with the same QEMU arguments on the same taps and bridges, all at once, but
 * with nothing of the platform around them: no runner, no packet filter, no name servers, no egress, no tasks. What a
 * start takes longer than this is what the platform costs. The namespace takes everything away when it ends.
 */
export async function bootBare(request: BareMachines, directory: string, signal: AbortSignal): Promise<BareBoot> {
  const file = join(directory, "bare-machines.json");
  await writeFile(file, JSON.stringify(request), { mode: 0o600 });
  const namespace = ["unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child=KILL"];
  try {
    const { stdout } = await run([...namespace, "--mount-proc", "--", process.execPath, inside, file], {
      signal,
      timeoutMs: request.deadlineMs + 30_000,
    });
    return JSON.parse(stdout) as BareBoot;
  } finally {
    await rm(file, { force: true });
  }
}
