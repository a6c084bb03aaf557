import {
  contains,
  formatAddress,
  formatSubnet,
  isReserved,
  overlap,
  parseAddress,
  parsePrefixed,
  type Subnet,
  subnetOf,
} from "../ipv4.ts";
import { limits } from "../limits.ts";
import { shorten } from "../read/source-tree.ts";
import type { Incomplete, Network } from "../schema.ts";
import { forEachAt, type RuleContext, repeated } from "./context.ts";
import { isHostName, toHostName } from "./names.ts";

/** Ranges no play may use, with what they are for. */
const specialRanges: readonly (readonly [string, string])[] = [
  ["0.0.0.0/8", "this host"],
  ["127.0.0.0/8", "loopback"],
  ["169.254.0.0/16", "link-local addresses"],
  ["224.0.0.0/4", "multicast"],
  ["240.0.0.0/4", "future use"],
];
const dockerBridge: Subnet = subnetOf({ address: 0xac_11_00_00, prefixLength: 16 });

export function checkNetworks(context: RuleContext): void {
  const { networks } = context.spec;
  const path = "playground.networks";
  if (networks === undefined) return;
  if (networks.length === 0) {
    context.error("manifest/network-name", path, "networks is empty; leave it out to take the base's network");
  } else if (networks.length > limits.networksMax) {
    context.error(
      "manifest/network-name",
      path,
      `a playground has at most ${limits.networksMax} networks, this one has ${networks.length}`,
    );
  }
  forEachAt(networks, path, (network, at, index) => {
    checkName(context, network, at, index);
    checkSubnet(context, network, at);
    checkGateway(context, network, at);
  });
  for (const { name, index } of repeated(networks.map(network => network.name))) {
    context.error("manifest/network-name", `${path}[${index}].name`, `network "${name}" is declared twice`, {
      value: name,
    });
  }
  checkOverlaps(context, networks, path);
}

function checkName(context: RuleContext, { name }: Incomplete<Network>, path: string, index: number): void {
  if (context.isMissing(`${path}.name`, name)) {
    context.error("manifest/network-name", `${path}.name`, `network ${index + 1} has no name`);
  } else if (name !== undefined && !isHostName(name)) {
    const suggestion = toHostName(name);
    context.error(
      "manifest/network-name",
      `${path}.name`,
      `network name "${shorten(name)}" is not valid: use lower-case letters, digits and "-"`,
      { value: name, suggestion },
    );
  }
}

function checkSubnet(context: RuleContext, network: Incomplete<Network>, path: string): void {
  const at = `${path}.subnet`;
  const { subnet } = network;
  if (context.isMissing(at, subnet)) {
    context.error("manifest/network-subnet", at, `network "${network.name ?? "?"}" has no subnet, e.g. 172.16.0.0/24`);
  }
  if (subnet === undefined || subnet === "") return;
  const refuse = (message: string, suggestion?: string) =>
    context.error("manifest/network-subnet", at, `subnet "${shorten(subnet)}" ${message}`, {
      value: subnet,
      suggestion,
    });
  const parsed = parsePrefixed(subnet);
  if (parsed === undefined) {
    const suggestion = parseAddress(subnet) === undefined ? undefined : `${subnet}/24`;
    if (suggestion !== undefined) refuse(`has no prefix length; did you mean "${suggestion}"?`, suggestion);
    else refuse("is not an IPv4 range such as 172.16.0.0/24");
    return;
  }
  const { prefixLength } = parsed;
  if (prefixLength < limits.subnetPrefixMin || prefixLength > limits.subnetPrefixMax) {
    refuse(`has the prefix length ${prefixLength}; use /${limits.subnetPrefixMin} to /${limits.subnetPrefixMax}`);
    return;
  }
  const range = subnetOf(parsed);
  for (const [special, purpose] of specialRanges) {
    const parsedSpecial = parsePrefixed(special);
    if (parsedSpecial !== undefined && overlap(range, parsedSpecial)) {
      refuse(`lies in ${special}, which is reserved for ${purpose}`);
      return;
    }
  }
  if (overlap(range, dockerBridge)) {
    context.warn(
      "manifest/network-subnet",
      at,
      `subnet ${subnet} collides with ${formatSubnet(dockerBridge)}, Docker's default network inside a machine`,
      { value: subnet },
    );
  }
}

function checkGateway(context: RuleContext, network: Incomplete<Network>, path: string): void {
  const { gateway, name = "?" } = network;
  const subnet = usableSubnet(network);
  if (gateway === undefined) return;
  const refuse = (message: string, suggestion?: string) =>
    context.error(
      "manifest/network-gateway",
      `${path}.gateway`,
      `gateway ${shorten(gateway)} of "${name}" ${message}`,
      {
        value: gateway,
        suggestion,
      },
    );
  const address = parseAddress(gateway);
  if (address === undefined) {
    const plain = parsePrefixed(gateway);
    if (plain !== undefined) refuse("must not have a mask", formatAddress(plain.address));
    else refuse("is not an IPv4 address");
    return;
  }
  if (subnet === undefined) return;
  if (!contains(subnet, address)) return refuse(`is not in its subnet ${formatSubnet(subnet)}`);
  if (isReserved(subnet, address)) return refuse(`is the first or last address of ${formatSubnet(subnet)}`);
  const owner = context.machines.find(machine =>
    machine.network?.interfaces?.some(
      nic => nic.network === network.name && parseAddress(nic.address?.split("/")[0] ?? "") === address,
    ),
  );
  if (owner !== undefined) refuse(`is also the address of machine "${owner.name ?? "?"}"`);
}

function checkOverlaps(context: RuleContext, networks: readonly Incomplete<Network>[], path: string): void {
  networks.forEach((network, index) => {
    const subnet = usableSubnet(network);
    if (subnet === undefined) return;
    for (const other of networks.slice(0, index)) {
      const earlier = usableSubnet(other);
      if (earlier === undefined || !overlap(earlier, subnet)) continue;
      context.error(
        "manifest/network-overlap",
        `${path}[${index}].subnet`,
        `networks "${other.name ?? "?"}" (${formatSubnet(earlier)}) and "${network.name ?? "?"}" (${formatSubnet(subnet)}) overlap`,
        { value: network.subnet },
      );
    }
  });
}

/** The range of a network; undefined when it has none that could be used. */
export function usableSubnet(network: Incomplete<Network> | undefined): Subnet | undefined {
  const parsed = parsePrefixed(network?.subnet ?? "");
  if (
    parsed === undefined ||
    parsed.prefixLength < limits.subnetPrefixMin ||
    parsed.prefixLength > limits.subnetPrefixMax
  ) {
    return undefined;
  }
  return subnetOf(parsed);
}
