import type { Machine, Manifest } from "../manifest/schema.ts";
import { sizeInMiB } from "../manifest/size.ts";
import { type Addresses, allocateAddresses } from "./addresses.ts";
import { planDrives } from "./drives.ts";
import { chooseEgress } from "./egress.ts";
import { chooseBackend, chooseKernel } from "./engine.ts";
import { gatewayMac, interfaceMac } from "./mac.ts";
import { defaultGateway, hostsSeenFrom, mainAddress, nameservers } from "./names.ts";
import { idleFields } from "./idle-fields.ts";
import type { HostFacts, InterfacePlan, MachinePlan, NetworkPlan, Plan, StartupFilePlan, UserPlan } from "./plan.ts";
import { planRegistry } from "./registry.ts";
import { planResources } from "./resources.ts";
import { planTabs } from "./tabs.ts";
import { planTasks } from "./tasks.ts";

export interface PlanInput {
  /** 24 lower-case hex digits */
  playId: string;
  /** Validated, and merged with its base. */
  manifest: Manifest;
  /** Every declared key with its resolved value. */
  initConditions: Readonly<Record<string, string>>;
  host: HostFacts;
}

/**
 * Decides everything about a play that can be decided without touching the host.
 *
 * The same input gives the same plan. Throws a `Problem` for what a valid manifest can still ask in vain: a subnet
 * that is too small, a kernel that is not here.
 */
export function createPlan({ playId, manifest, initConditions, host }: PlanInput): Plan {
  const spec = manifest.playground;
  const machines = spec.machines.map(machine => ({ ...machine, interfaces: machine.network.interfaces }));
  const addresses = allocateAddresses(spec.networks, machines);
  const networks = planNetworks(playId, spec.networks, addresses);
  const interfaces = machines.map((machine, index) => planInterfaces(playId, machine.name, index, networks, addresses));
  const members = machines.map(({ name }, index) => ({ name, interfaces: interfaces[index] as InterfacePlan[] }));
  const egress = chooseEgress(
    networks.map(({ subnet, prefixLength }) => `${subnet}/${prefixLength}`),
    host.addresses ?? [],
  );
  const hostNames = members.map(member => hostsSeenFrom(member, members));
  const registry = planRegistry(egress, host.registry, new Set(hostNames.flat().flatMap(({ names }) => names)));
  const requests = machines.map(requestOf);
  const resources = planResources(
    requests.map((request, index) => ({ machine: machines[index]?.name ?? "", ...request })),
    host.limits,
  );
  const engines = machines.map(machine => chooseBackend(machine, host));
  const tabs = planTabs(
    spec.tabs,
    machines.map(({ name, noSSH = false }) => ({ name, noSSH })),
  );
  return {
    playId,
    playground: { name: manifest.name, title: manifest.title },
    networks,
    egress,
    registry: { ...registry, ...(spec.registryAuth ? { auth: spec.registryAuth } : {}) },
    machines: machines.map((machine, index): MachinePlan => {
      const member = members[index] as (typeof members)[number];
      const gateway = defaultGateway(member.interfaces, networks);
      return {
        name: machine.name,
        index,
        ...(resources.resources[index] as (typeof resources.resources)[number]),
        requested: requests[index] as MachinePlan["requested"],
        backend: (engines[index] as (typeof engines)[number]).backend,
        kernel: chooseKernel(machine, host),
        users: machine.users.map(planUser),
        defaultUser: (machine.users.find(user => user.default) ?? machine.users[0])?.name ?? "root",
        drives: planDrives(machine.drives, host.imageAliases),
        interfaces: [...member.interfaces],
        mainAddress: mainAddress(member.interfaces, networks),
        ...(gateway === undefined ? {} : { defaultGateway: gateway }),
        nameservers: nameservers(member.interfaces, networks, egress),
        hosts: [
          ...(hostNames[index] as (typeof hostNames)[number]),
          { address: registry.address, names: registry.names },
        ],
        startupFiles: (machine.startupFiles ?? []).map(planStartupFile),
        noSSH: machine.noSSH ?? false,
      };
    }),
    tasks: planTasks(spec.initTasks ?? {}, initConditions, machines.length === 1 ? machines[0]?.name : undefined),
    tabs: tabs.tabs,
    initConditions: { ...initConditions },
    hasInitConditions: (spec.initConditions?.values ?? []).length > 0,
    notices: [...resources.notices, ...engines.flatMap(engine => engine.notices), ...tabs.notices, ...idleFields(spec)],
  };
}

function planNetworks(
  playId: string,
  networks: Manifest["playground"]["networks"],
  addresses: Addresses,
): NetworkPlan[] {
  return networks.map((network, index) => ({
    name: network.name,
    bridge: `br${index}`,
    ...(addresses.networks.get(network.name) as { subnet: string; prefixLength: number; gateway: string }),
    gatewayMac: gatewayMac(playId, network.name),
    private: network.private ?? false,
  }));
}

function planInterfaces(
  playId: string,
  machine: string,
  machineIndex: number,
  networks: readonly NetworkPlan[],
  addresses: Addresses,
): InterfacePlan[] {
  return (addresses.interfaces[machineIndex] ?? []).map((entry, index) => ({
    name: `eth${index}`,
    ...entry,
    bridge: networks.find(network => network.name === entry.network)?.bridge ?? "",
    tap: `m${machineIndex}e${index}`,
    mac: interfaceMac(playId, machine, index),
  }));
}

function requestOf({ resources, backend }: Machine): MachinePlan["requested"] {
  return {
    ...(resources?.cpuCount === undefined ? {} : { vcpus: resources.cpuCount }),
    ...(resources?.ramSize === undefined ? {} : { memoryMiB: sizeInMiB(resources.ramSize) }),
    ...(backend === undefined ? {} : { backend }),
  };
}

function planUser({ name, welcome }: Machine["users"][number]): UserPlan {
  return { name, ...(welcome === undefined ? {} : { welcome: welcome === "-" ? null : welcome }) };
}

function planStartupFile({
  path,
  content,
  append = false,
  owner,
  mode,
}: NonNullable<Machine["startupFiles"]>[number]): StartupFilePlan {
  return {
    path,
    content,
    append,
    ...(owner === undefined ? {} : { owner }),
    ...(mode === undefined ? {} : { mode: mode.replace(/^0(?=...)/, "") }),
  };
}
