import { formatAddress } from "../plan/ipv4.ts";
import type { InterfacePlan, MachinePlan, Plan } from "../plan/plan.ts";
import { text } from "./guest-files.ts";

export interface DefaultRoute {
  gateway: string;
  /** Interface that carries it. */
  device: string;
}

/** Through the first interface whose network has the machine's gateway. */
export function defaultRoute(plan: Plan, machine: MachinePlan): DefaultRoute | undefined {
  const { defaultGateway: gateway } = machine;
  if (gateway === undefined) return undefined;
  const network = plan.networks.find(candidate => candidate.gateway === gateway)?.name;
  const device = machine.interfaces.find(candidate => candidate.network === network)?.name;
  if (device === undefined)
    throw new Error(`${machine.name} has no interface on the network of its gateway ${gateway}`);
  return { gateway, device };
}

/**
 * How a machine without a default route reaches the play's registry: by the gateway of its first network. All others
 * do so by their default route.
 */
export function registryRoute(plan: Plan, machine: MachinePlan): (DefaultRoute & { destination: string }) | undefined {
  const [first] = machine.interfaces;
  const gateway = plan.networks.find(network => network.name === first?.network)?.gateway;
  if (machine.defaultGateway !== undefined || first === undefined || gateway === undefined) return undefined;
  return { destination: plan.registry.address, gateway, device: first.name };
}

export function netmask(prefixLength: number): string {
  return formatAddress(prefixLength === 0 ? 0 : 2 ** 32 - 2 ** (32 - prefixLength));
}

/**
 * What the network managers of images are told in /run, by path below it.
 *
 * The shim has configured everything when they start. systemd-networkd gets the same configuration to hold rather than
 * "unmanaged": with no interface of its own, systemd-networkd-wait-online would hold back the boot for two minutes.
 */
export function renderNetworkManagers(plan: Plan, machine: MachinePlan): Record<string, string> {
  const route = defaultRoute(plan, machine);
  const toRegistry = registryRoute(plan, machine);
  const networkd = machine.interfaces.map((entry, index) => {
    const lines = [
      ...networkdLines(entry, route, index === 0 ? machine.nameservers : []),
      ...(toRegistry?.device === entry.name
        ? ["", "[Route]", `Destination=${toRegistry.destination}/32`, `Gateway=${toRegistry.gateway}`]
        : []),
    ];
    // "00-": before every file of the image, as the first match wins.
    return [`systemd/network/00-labyard-${entry.name}.network`, text(lines)] as const;
  });
  const ifstate = text(machine.interfaces.map(({ name }) => `${name}=${name}`));
  return {
    ...Object.fromEntries(networkd),
    "NetworkManager/conf.d/00-labyard.conf": text([
      "[main]",
      "dns=none",
      "",
      "[keyfile]",
      `unmanaged-devices=${machine.interfaces.map(({ mac }) => `mac:${mac}`).join(";")}`,
    ]),
    // ifupdown leaves alone what it believes to have brought up. Debian's looks for a file per interface (before 0.8 for
    // one with all); those of busybox and Alpine also take a loopback interface with an address for a failure.
    ...Object.fromEntries(machine.interfaces.map(({ name }) => [`network/ifstate.${name}`, `${name}\n`])),
    "network/ifstate": ifstate,
    ifstate: `lo=lo\n${ifstate}`,
  };
}

function networkdLines(entry: InterfacePlan, route: DefaultRoute | undefined, nameservers: readonly string[]) {
  return [
    "[Match]",
    `MACAddress=${entry.mac}`,
    "",
    "[Network]",
    `Address=${entry.address}/${entry.prefixLength}`,
    ...(route?.device === entry.name ? [`Gateway=${route.gateway}`] : []),
    ...nameservers.map(address => `DNS=${address}`),
    "KeepConfiguration=static",
    "LinkLocalAddressing=ipv6",
    "IPv6AcceptRA=no",
  ];
}
