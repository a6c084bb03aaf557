import type { HostFacts, Plan } from "./plan.ts";
import { planRegistry } from "./registry.ts";

/** A plan as an earlier version may have written it: what came later is not there. */
export type StoredPlan = Omit<Plan, "registry"> & Partial<Pick<Plan, "registry">>;

/** The plan with everything that this version adds; nothing that stood in it changes, so that a play stays what it was. */
export function completePlan(stored: StoredPlan, host: Pick<HostFacts, "registry">): Plan {
  const { registry, ...rest } = stored;
  if (registry !== undefined) return { ...rest, registry };
  const machineNames = new Set(rest.machines.map(({ name }) => name));
  return { ...rest, registry: planRegistry(rest.egress, host.registry, machineNames) };
}
