import type { HostFacts, Plan } from "./plan.ts";
import { planRegistry } from "./registry.ts";

/** A plan as an earlier version may have written it: without a registry of its own, the login for it beside. */
export type StoredPlan = Omit<Plan, "registry"> & Partial<Pick<Plan, "registry">> & { registryAuth?: string };

/** The plan with everything that this version adds; nothing that stood in it changes, so that a play stays what it was. */
export function completePlan(stored: StoredPlan, host: Pick<HostFacts, "registry">): Plan {
  const { registry, registryAuth, ...rest } = stored;
  if (registry !== undefined) return { ...rest, registry };
  // A registry name that is a machine's stays the machine's; their hosts files lack the others, the name server has them.
  const names = new Set(
    rest.machines.flatMap(({ name, interfaces }) => [name, ...interfaces.map(({ network }) => `${name}.${network}`)]),
  );
  const added = planRegistry(rest.egress, host.registry, names);
  return { ...rest, registry: { ...added, ...(registryAuth === undefined ? {} : { auth: registryAuth }) } };
}
