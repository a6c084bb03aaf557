import { contains, formatSubnet, isReserved, parseAddress, parsePrefixed, sizeOf } from "../ipv4.ts";
import { limits } from "../limits.ts";
import { didYouMean, nearest } from "../../lib/nearest.ts";
import { shorten } from "../read/source-tree.ts";
import type { Incomplete, MachineInterface } from "../schema.ts";
import { forEachAt, isText, nameOf, type RuleContext } from "./context.ts";
import { usableSubnet } from "./networks.ts";

/** Every interface of every machine: its network, its address, and whether each network has room for all. */
export function checkInterfaces(context: RuleContext): void {
  const taken = new Map<string, string>();
  const users = new Map<string, number>();
  forEachAt(context.spec.machines, "playground.machines", (machine, machinePath, machineIndex) => {
    const path = `${machinePath}.network.interfaces`;
    const label = nameOf(machine, machineIndex);
    const interfaces = machine.network?.interfaces;
    if (interfaces === undefined || interfaces.length === 0) {
      if (context.isMissing(`${machinePath}.network`, undefined) && context.isMissing(path, undefined)) {
        context.error(
          "manifest/machine-no-network",
          `${machinePath}.network`,
          `machine ${label} has no network interface: network: {interfaces: [{network: local}]}`,
        );
      }
      return;
    }
    if (interfaces.length > limits.interfacesMax) {
      context.error(
        "manifest/machine-no-network",
        path,
        `machine ${label} has ${interfaces.length} interfaces, the limit is ${limits.interfacesMax}`,
      );
    }
    forEachAt(interfaces, path, (nic, at, index) => {
      checkNetwork(context, nic, at, `interface ${index + 1} of ${label}`);
      checkAddress(context, nic, at, label, taken);
      if (nic.network !== undefined) users.set(nic.network, (users.get(nic.network) ?? 0) + 1);
    });
  });
  checkRoom(context, users);
}

function checkNetwork(context: RuleContext, nic: Incomplete<MachineInterface>, path: string, label: string): void {
  const { networks } = context.spec;
  const at = `${path}.network`;
  if (context.isMissing(at, nic.network)) {
    context.error("manifest/interface-network", at, `${label} names no network`);
    return;
  }
  // Without a base in hand an absent list may still come from it.
  if (nic.network === undefined || networks === undefined) return;
  const names = networks.map(network => network.name);
  if (names.includes(nic.network) || !names.every(isText)) return;
  const suggestion = nearest(nic.network, names.filter(isText));
  context.error(
    "manifest/interface-network",
    at,
    `${label} joins network "${shorten(nic.network)}", which is not declared.${didYouMean(suggestion)}`,
    { value: nic.network, suggestion },
  );
}

function checkAddress(
  context: RuleContext,
  nic: Incomplete<MachineInterface>,
  path: string,
  machine: string,
  taken: Map<string, string>,
): void {
  const { address: written } = nic;
  if (written === undefined) return;
  const at = `${path}.address`;
  const refuse = (message: string) => context.error("manifest/interface-address", at, message, { value: written });
  const prefixed = parsePrefixed(written);
  const address = prefixed?.address ?? parseAddress(written);
  if (address === undefined) return refuse(`address "${shorten(written)}" of ${machine} is not an IPv4 address`);
  const network = context.spec.networks?.find(candidate => candidate.name === nic.network);
  const subnet = usableSubnet(network);
  if (network === undefined || subnet === undefined) return;
  const where = `network "${network.name ?? "?"}" (${formatSubnet(subnet)})`;
  if (!contains(subnet, address)) return refuse(`${written} is not in ${where}`);
  if (isReserved(subnet, address)) return refuse(`${written} is the first or last address of ${where}`);
  const key = `${network.name}/${address}`;
  const owner = taken.get(key);
  taken.set(key, machine);
  if (owner !== undefined) return refuse(`${written} in ${where} is taken twice, by ${owner} and ${machine}`);
  if (prefixed !== undefined && prefixed.prefixLength !== subnet.prefixLength) {
    context.warn(
      "manifest/interface-address",
      at,
      `${written} has another mask than ${where}; it is configured as written`,
      { value: written },
    );
  }
}

function checkRoom(context: RuleContext, users: ReadonlyMap<string, number>): void {
  forEachAt(context.spec.networks, "playground.networks", (network, path) => {
    const subnet = usableSubnet(network);
    const interfaces = users.get(network.name ?? "") ?? 0;
    if (subnet === undefined) return;
    // First, last and gateway are not for machines.
    const room = sizeOf(subnet) - 3;
    if (interfaces <= room) return;
    context.error(
      "manifest/interface-address",
      `${path}.subnet`,
      `network "${network.name ?? "?"}" (${formatSubnet(subnet)}) has room for ${room} interfaces, ${interfaces} join it`,
      { value: network.subnet },
    );
  });
}
