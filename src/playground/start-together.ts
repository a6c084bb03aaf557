import type { LiveState } from "./live-state.ts";
import type { MachineRuntime } from "./machine-runtime.ts";

/**
 * Powers all machines on; then the play is RUNNING. Rejects when one cannot be started.
 *
 * Clients rely on the order: RUNNING, then Ready, then tasks. So a machine that boots while another one is still being
 * started is seen Ready, and begins with its tasks, only afterwards.
 */
export async function startTogether(
  machines: readonly MachineRuntime[],
  state: LiveState,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(machines.map(machine => machine.powerOn(signal)));
  state.enter("RUNNING");
  for (const machine of machines) machine.allowReady();
}
