import type { Problem } from "../api/problems.ts";
import type { Scope } from "../lib/scope.ts";
import type { Plan } from "../plan/plan.ts";
import { explained } from "./failure.ts";
import { applyKernelSettings } from "./kernel-settings.ts";
import { createLinks } from "./links.ts";
import { startNameServers } from "./resolver.ts";
import { loadRules } from "./rules.ts";

export interface PlayNetwork {
  /** Resolves when the play's name servers cannot be kept running; never rejects. */
  readonly resolverFailed: Promise<Problem>;
}

/**
 * Builds the play's networks in the namespaces this process is in: bridges, taps, packet filter, name servers.
 *
 * Afterwards VMMs can open their taps by name and guests resolve each other. What exists is owned by the scope, also
 * when this rejects with `network/setup-failed`. The uplink is not part of it: it comes and goes with the launcher's
 * pasta.
 */
export async function openNetwork(plan: Plan, scope: Scope, signal: AbortSignal): Promise<PlayNetwork> {
  const step = <T>(name: string, work: () => Promise<T>) => explained(name, work, signal);
  await step("kernel settings", applyKernelSettings);
  // The filter first: no packet ever meets a bridge without it.
  await step("packet filter", () => loadRules(plan, scope, signal));
  await step("bridges and taps", () => createLinks(plan, scope, signal));
  const { failed } = await step("name servers", () => startNameServers(plan, scope, signal));
  return { resolverFailed: failed };
}
