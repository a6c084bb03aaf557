import { writeFile } from "node:fs/promises";
import { run } from "../host/process.ts";
import type { Scope } from "../lib/scope.ts";
import type { Plan } from "../plan/plan.ts";

/** One per play; it holds addresses that belong to no bridge. */
const loopback = "lo";

/**
 * Commands for `ip -batch`: every bridge with its gateway address, every tap enslaved.
 *
 * A tap belongs to user 0 of the namespace, so that a VMM which has dropped its capabilities can still open it. It has
 * one queue and 1500 bytes everywhere: a mismatch shows as connections that stall in the middle.
 */
export function renderLinks(plan: Plan): string[] {
  const bridges = plan.networks.flatMap(({ bridge, gateway, prefixLength, gatewayMac }) => [
    // No spanning tree and no delay: a machine's first packet must not be lost to a learning bridge.
    `link add ${bridge} address ${gatewayMac} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
    `link set ${bridge} mtu 1500 up`,
    `address add ${gateway}/${prefixLength} brd + dev ${bridge}`,
  ]);
  const taps = plan.machines.flatMap(machine =>
    machine.interfaces.flatMap(({ tap, bridge }) => [
      `tuntap add dev ${tap} mode tap user 0`,
      `link set ${tap} mtu 1500 master ${bridge} up`,
    ]),
  );
  return [
    `link set ${loopback} up`,
    ...ownAddresses(plan).map(address => `address replace ${address}/32 dev ${loopback}`),
    ...bridges,
    ...taps,
  ];
}

/** What `renderLinks` made, newest first. */
export function renderLinkRemoval(plan: Plan): string[] {
  const taps = plan.machines.flatMap(machine => machine.interfaces.map(({ tap }) => `link delete ${tap}`));
  const bridges = plan.networks.map(({ bridge }) => `link delete ${bridge}`);
  const addresses = ownAddresses(plan).map(address => `address delete ${address}/32 dev ${loopback}`);
  return [...taps.reverse(), ...bridges.reverse(), ...addresses];
}

/** Of the second name server and of the registry: they belong to the play and to none of its networks. */
const ownAddresses = ({ egress, registry }: Plan) => [egress.resolver, registry.address];

/** Creates the play's bridges and taps in one call; the scope owns them from before the first exists. */
export async function createLinks(plan: Plan, scope: Scope, signal: AbortSignal): Promise<void> {
  scope.own("bridges and taps", async () => {
    // -force goes on over those that an interrupted creation never made.
    await run(["ip", "-force", "-batch", "-"], { input: lines(renderLinkRemoval(plan)), allowFailure: true });
  });
  await run(["ip", "-batch", "-"], { input: lines(renderLinks(plan)), signal, timeoutMs: 10_000 });
  await Promise.all(plan.networks.map(({ bridge }) => askOftenForNeighbours(bridge)));
}

/**
 * A guest that boots answers no question for its address. Asked once a second, the kernel's default, it would seem to
 * come up as much as a second later than it does.
 */
async function askOftenForNeighbours(bridge: string): Promise<void> {
  await writeFile(`/proc/sys/net/ipv4/neigh/${bridge}/retrans_time_ms`, "100").catch(() => {
    // Kernels that hide the setting from user namespaces only make machines seem slower.
  });
}

const lines = (commands: readonly string[]) => `${commands.join("\n")}\n`;
