import { Problem } from "../api/problems.ts";
import { formatAddress, formatSubnet, overlap, parseSubnet, type Subnet } from "./ipv4.ts";
import type { EgressPlan } from "./plan.ts";

/** In order of preference: benchmarking (RFC 2544), shared address space (RFC 6598), private (RFC 1918). */
const ranges = ["198.18.0.0/15", "100.64.0.0/10", "10.0.0.0/8"];

/**
 * Chooses the addresses of the play's uplink: the first /24 that no network of the play overlaps.
 *
 * They exist only between the play's namespace and the program that carries its traffic, so two plays may share them.
 */
export function chooseEgress(subnets: readonly string[], hostAddresses: readonly string[]): EgressPlan {
  const used = subnets.map(parseSubnet);
  const free = ranges.map(range => firstFree(parseSubnet(range), used)).find(subnet => subnet !== undefined);
  if (!free) {
    throw new Problem("network/no-egress-range", {
      message: `the play's networks leave no addresses for its uplink: ${used.map(formatSubnet).join(", ")}`,
      details: [{ searched: ranges }],
    });
  }
  return {
    address: formatAddress(free.network + 2),
    prefixLength: free.prefixLength,
    gateway: formatAddress(free.network + 1),
    dns: formatAddress(free.network + 53),
    resolver: formatAddress(free.network + 54),
    hostAddresses: [...hostAddresses],
  };
}

function firstFree(range: Subnet, used: readonly Subnet[]): Subnet | undefined {
  let network = range.network;
  while (network < range.broadcast) {
    const candidate = { network, broadcast: network + 255, prefixLength: 24 };
    const blocker = used.find(subnet => overlap(subnet, candidate));
    if (!blocker) return candidate;
    // Behind the blocker, at the next multiple of 256: a /8 in the way costs one step, not 65 536.
    network = Math.floor(Math.max(blocker.broadcast, candidate.broadcast) / 256 + 1) * 256;
  }
  return undefined;
}
