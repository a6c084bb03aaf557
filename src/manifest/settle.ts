import { defaultTabs, noOffers, tabsThatNeedSsh } from "./default-tabs.ts";
import type { Findings } from "./findings.ts";
import { contains, formatSubnet, parseAddress, parsePrefixed, subnetOf } from "./ipv4.ts";
import { given } from "./merge.ts";
import { maskedSecret } from "./rules/access.ts";
import type { CheckOptions } from "./rules/context.ts";
import type { Incomplete, MachineInput, ManifestInput, Network, SpecInput, Tab } from "./schema.ts";

type NetworkInput = Incomplete<Network>;
type TabInput = Incomplete<Tab>;

/**
 * Decides, before the rules look, what only the whole playground can decide: subnets without host bits, the network an
 * address implies, what a masked secret stands for. Each change a reader could miss comes with a warning.
 */
export function settle(
  merged: ManifestInput,
  input: ManifestInput,
  options: CheckOptions,
  findings: Findings,
): ManifestInput {
  const spec = merged.playground;
  if (spec === undefined) return merged;
  const networks = spec.networks?.map((network, index) => withoutHostBits(network, index, findings));
  const machines = spec.machines?.map((machine, index) =>
    withInferredNetworks(machine, index, networks ?? [], findings),
  );
  const registryAuth = settleSecret(input, options, findings, spec.registryAuth);
  return { ...merged, playground: given({ ...spec, networks, machines, registryAuth }) };
}

/**
 * Decides, after the rules have looked at what was written, which tabs the playground has: those that can be shown, or
 * the defaults when there are none and the purpose allows to leave them out.
 */
export function settleTabs(
  merged: ManifestInput,
  input: ManifestInput,
  options: CheckOptions,
  findings: Findings,
): ManifestInput {
  const spec = merged.playground;
  if (spec === undefined) return merged;
  const { machines = [] } = spec;
  const shown = withoutHiddenTabs(spec.tabs, machines, input.playground?.tabs !== undefined, findings);
  const tabs = shown ?? (options.for === "update" ? undefined : defaultTabs(machines, options.offers ?? noOffers));
  return { ...merged, playground: inOrder({ ...spec, tabs: tabs?.length === 0 ? undefined : tabs }) };
}

function withoutHostBits(network: NetworkInput, index: number, findings: Findings): NetworkInput {
  const parsed = parsePrefixed(network.subnet ?? "");
  if (parsed === undefined || subnetOf(parsed).address === parsed.address) return network;
  const subnet = formatSubnet(subnetOf(parsed));
  findings.warn(
    "manifest/network-subnet",
    `playground.networks[${index}].subnet`,
    `subnet ${network.subnet} has host bits set and was read as ${subnet}`,
    { value: network.subnet, suggestion: subnet },
  );
  return { ...network, subnet };
}

/** A later interface may leave out its network when its address lies in exactly one subnet. */
function withInferredNetworks(
  machine: MachineInput,
  index: number,
  networks: readonly NetworkInput[],
  findings: Findings,
): MachineInput {
  const interfaces = machine.network?.interfaces;
  if (interfaces === undefined) return machine;
  let hasChanged = false;
  const settled = interfaces.map((nic, position) => {
    const path = `playground.machines[${index}].network.interfaces[${position}]`;
    if (position === 0 || nic.network !== undefined || nic.address === undefined) return nic;
    if (findings.isUnreadable(`${path}.network`)) return nic;
    const address = parseAddress(nic.address.split("/")[0] ?? "");
    const candidates = networks.filter(network => {
      const parsed = parsePrefixed(network.subnet ?? "");
      return parsed !== undefined && address !== undefined && contains(subnetOf(parsed), address);
    });
    const network = candidates.length === 1 ? candidates[0]?.name : undefined;
    if (network === undefined) return nic;
    findings.warn(
      "manifest/legacy-form",
      path,
      `interface ${position + 1} of "${machine.name ?? "?"}" names no network; its address ${nic.address} lies in "${network}"`,
      { suggestion: network },
    );
    hasChanged = true;
    return { network, ...nic };
  });
  return hasChanged ? { ...machine, network: { ...machine.network, interfaces: settled } } : machine;
}

/** Terminals and IDEs are shells: on a machine without ssh they cannot be shown. */
function withoutHiddenTabs(
  tabs: readonly TabInput[] | undefined,
  machines: readonly MachineInput[],
  areWritten: boolean,
  findings: Findings,
): TabInput[] | undefined {
  if (tabs === undefined) return undefined;
  const kept = tabs.filter((tab, index) => {
    if (tab.kind === undefined || !tabsThatNeedSsh.includes(tab.kind)) return true;
    const machine = tab.machine === undefined ? machines[0] : machines.find(other => other.name === tab.machine);
    if (machine?.noSSH !== true) return true;
    if (areWritten) {
      findings.warn(
        "manifest/tab-machine",
        `playground.tabs[${index}]`,
        `${tab.kind} tab ${index + 1} was dropped: machine "${machine.name ?? "?"}" has noSSH`,
      );
    }
    return false;
  });
  return kept.length === 0 ? undefined : kept;
}

/** A submitted mask means "keep what is stored"; a new playground has nothing to keep. */
function settleSecret(
  input: ManifestInput,
  options: CheckOptions,
  findings: Findings,
  merged: string | undefined,
): string | undefined {
  if (input.playground?.registryAuth !== maskedSecret) return merged === maskedSecret ? undefined : merged;
  if (options.for === "update") return options.current?.playground.registryAuth;
  findings.warn(
    "manifest/registry-auth",
    "playground.registryAuth",
    `registryAuth is masked (${maskedSecret}), so the new playground has none; write user:password to set one`,
  );
  return undefined;
}

const order = [
  "networks",
  "machines",
  "tabs",
  "initTasks",
  "initConditions",
  "registryAuth",
  "portForwards",
  "accessControl",
];

/** In the order of the schema, without fields that have no value, so that equal manifests are equal texts. */
function inOrder(spec: SpecInput): SpecInput {
  const rank = (key: string) => (order.includes(key) ? order.indexOf(key) : order.length);
  const entries = Object.entries(spec).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => rank(a) - rank(b)));
}
