import type { EgressPlan, HostsEntry, InterfacePlan, NetworkPlan } from "./plan.ts";

interface Member {
  name: string;
  interfaces: readonly InterfacePlan[];
}

/**
 * The name table of one machine: every machine of the play under `<machine>` and `<machine>.<network>`.
 *
 * `<machine>` means the address on the first network both share, in the order of the machine that looks, so that
 * the answer is always one it can reach; without a shared network it is the other's first interface. The machine's
 * own name is its own first address, not 127.0.1.1, because cluster software announces what its name resolves to.
 */
export function hostsSeenFrom(viewer: Member, machines: readonly Member[]): HostsEntry[] {
  return machines.flatMap(machine => {
    const shared = viewer.interfaces.map(({ network }) => network).find(network => joins(machine, network));
    const nearest = machine.interfaces.find(({ network }) => network === shared) ?? machine.interfaces[0];
    return firstPerNetwork(machine.interfaces).map(entry => ({
      address: entry.address,
      names: [...(entry === nearest ? [machine.name] : []), `${machine.name}.${entry.network}`],
    }));
  });
}

/** A second interface on the same network has no name of its own. */
function firstPerNetwork(interfaces: readonly InterfacePlan[]): InterfacePlan[] {
  return interfaces.filter(
    (entry, index) => interfaces.findIndex(({ network }) => network === entry.network) === index,
  );
}

const joins = (machine: Member, network: string) => machine.interfaces.some(entry => entry.network === network);

/** Through the first network that leads out, in the order of the machine's interfaces; undefined: there is none. */
export function defaultGateway(
  interfaces: readonly InterfacePlan[],
  networks: readonly NetworkPlan[],
): string | undefined {
  return joined(interfaces, networks).find(network => !network.private)?.gateway;
}

/** The address people mean when they name the machine: of the interface with the default route, else of the first. */
export function mainAddress(interfaces: readonly InterfacePlan[], networks: readonly NetworkPlan[]): string {
  const leadsOut = (entry: InterfacePlan) =>
    networks.find(network => network.name === entry.network)?.private === false;
  return (interfaces.find(leadsOut) ?? interfaces[0])?.address ?? "";
}

/**
 * Where the machine asks for names: the bridges that lead out, since only those answer for the internet.
 *
 * A machine with private networks only asks its bridge, which refuses what is not of the play. That refusal sends
 * the guest on to the second name server, which it can reach only after someone has built a route through another
 * machine: internet names then work without a change to resolv.conf.
 */
export function nameservers(
  interfaces: readonly InterfacePlan[],
  networks: readonly NetworkPlan[],
  egress: EgressPlan,
): string[] {
  const mine = joined(interfaces, networks);
  const outward = mine.filter(network => !network.private);
  // The C library reads at most three.
  if (outward.length > 0) return outward.slice(0, 3).map(network => network.gateway);
  return [...mine.slice(0, 2).map(network => network.gateway), egress.resolver];
}

function joined(interfaces: readonly InterfacePlan[], networks: readonly NetworkPlan[]): NetworkPlan[] {
  const names = new Set(interfaces.map(({ network }) => network));
  return [...names].flatMap(name => networks.find(network => network.name === name) ?? []);
}
