import { formatAddress, parseAddress } from "./ipv4.ts";
import type { EgressPlan, HostFacts, RegistryPlan } from "./plan.ts";

/** The name that images and their welcome texts know, on every installation. */
const registryName = "registry.iximiuz.com";

/** Clients add no port to the name, and speak TLS. */
export const registryPort = 443;

/**
 * Where the machines of a play find its own registry: an address beside that of the uplink's name server, outside every
 * network of the play, so that no network has to give one up and all can reach it. A machine keeps its own name.
 */
export function planRegistry(
  egress: EgressPlan,
  { aliases, maxBytes }: HostFacts["registry"],
  machineNames: ReadonlySet<string>,
): RegistryPlan {
  return {
    address: formatAddress(parseAddress(egress.resolver) + 1),
    names: [...new Set([registryName, ...aliases])].filter(name => !machineNames.has(name)),
    maxBytes,
  };
}
