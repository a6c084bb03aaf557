import { Problem } from "../api/problems.ts";
import { contains, formatAddress, formatSubnet, parseAddress, parseSubnet, type Subnet } from "./ipv4.ts";

export interface NetworkRequest {
  name: string;
  subnet: string;
  gateway?: string | undefined;
}

export interface InterfaceRequest {
  network: string;
  /** With or without a mask. */
  address?: string | undefined;
}

export interface Addresses {
  /** By network name. */
  networks: Map<string, { subnet: string; prefixLength: number; gateway: string }>;
  /** By machine, then interface, in manifest order. */
  interfaces: Array<Array<{ network: string; address: string; prefixLength: number }>>;
}

/**
 * Gives every bridge and every interface its address.
 *
 * The order decides who gets which address, and images rely on it (the first machine of a /24 is .2): explicit
 * gateways, static addresses, default gateways, then the rest in list order, each the first free one. The same
 * manifest always gets the same addresses. Throws `manifest/interface-address` when a subnet is full.
 */
export function allocateAddresses(
  networks: readonly NetworkRequest[],
  machines: ReadonlyArray<{ name: string; interfaces: readonly InterfaceRequest[] }>,
): Addresses {
  const pools = new Map(networks.map(network => [network.name, new Pool(network.name, parseSubnet(network.subnet))]));
  const poolOf = (name: string) => {
    const pool = pools.get(name);
    if (!pool) throw new Problem("manifest/interface-network", { message: `network "${name}" is not declared` });
    return pool;
  };
  for (const { name, gateway } of networks) {
    if (gateway !== undefined) poolOf(name).reserve(parseAddress(gateway), `gateway of network "${name}"`);
  }
  for (const { name, interfaces } of machines) {
    for (const { network, address } of interfaces) {
      if (address !== undefined) poolOf(network).reserve(parseAddress(hostPart(address)), `machine "${name}"`);
    }
  }
  const gateways = networks.map(
    ({ name, gateway }) => gateway ?? poolOf(name).take(`the gateway of network "${name}"`),
  );
  return {
    networks: new Map(
      networks.map(({ name }, index) => {
        const { network, prefixLength } = poolOf(name).subnet;
        return [name, { subnet: formatAddress(network), prefixLength, gateway: gateways[index] as string }];
      }),
    ),
    interfaces: machines.map(machine =>
      machine.interfaces.map(({ network, address }) => ({
        network,
        address: address === undefined ? poolOf(network).take(`machine "${machine.name}"`) : hostPart(address),
        // A mask other than the subnet's is configured as its author wrote it.
        prefixLength: address?.includes("/") ? Number(address.split("/")[1]) : poolOf(network).subnet.prefixLength,
      })),
    ),
  };
}

class Pool {
  readonly subnet: Subnet;
  #name: string;
  #holders = new Map<number, string>();
  #next: number;

  constructor(name: string, subnet: Subnet) {
    this.#name = name;
    this.subnet = subnet;
    this.#next = subnet.network + 1;
  }

  reserve(address: number, holder: string): void {
    const { network, broadcast } = this.subnet;
    const taken = this.#holders.get(address);
    if (!contains(this.subnet, address) || address === network || address === broadcast || taken !== undefined) {
      throw new Problem("manifest/interface-address", {
        message:
          taken === undefined
            ? `${formatAddress(address)} is not a host address of network "${this.#name}" (${formatSubnet(this.subnet)})`
            : `${formatAddress(address)} belongs to the ${taken} and to the ${holder}`,
        where: { step: "plan" },
      });
    }
    this.#holders.set(address, holder);
  }

  take(holder: string): string {
    while (this.#holders.has(this.#next)) this.#next++;
    if (this.#next >= this.subnet.broadcast) {
      throw new Problem("manifest/interface-address", {
        message: `network "${this.#name}" (${formatSubnet(this.subnet)}) has no free address left for ${holder}`,
        hint: "Give the network a larger subnet, for example a /24.",
        where: { step: "plan" },
      });
    }
    this.#holders.set(this.#next, holder);
    return formatAddress(this.#next);
  }
}

const hostPart = (address: string) => address.split("/")[0] as string;
