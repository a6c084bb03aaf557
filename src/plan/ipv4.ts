import ipaddr from "ipaddr.js";

/** A range of addresses, kept as numbers because allocation counts through it. */
export interface Subnet {
  network: number;
  broadcast: number;
  prefixLength: number;
}

/** An IPv4 address as an unsigned number. Throws for anything but the four-part decimal form. */
export function parseAddress(text: string): number {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text)) throw new Error(`"${text}" is not an IPv4 address`);
  return ipaddr.IPv4.parse(text)
    .toByteArray()
    .reduce((number, byte) => number * 256 + byte, 0);
}

export function formatAddress(number: number): string {
  return [24, 16, 8, 0].map(shift => (number >>> shift) & 255).join(".");
}

/** Reads `a.b.c.d/n`; host bits are masked off. */
export function parseSubnet(text: string): Subnet {
  const [address = "", length = ""] = text.split("/");
  const prefixLength = Number(length);
  if (length === "" || !Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > 32) {
    throw new Error(`"${text}" has no prefix length between 0 and 32`);
  }
  const size = 2 ** (32 - prefixLength);
  const number = parseAddress(address);
  const network = number - (number % size);
  return { network, broadcast: network + size - 1, prefixLength };
}

export const formatSubnet = (subnet: Subnet) => `${formatAddress(subnet.network)}/${subnet.prefixLength}`;

export const contains = (subnet: Subnet, address: number) => address >= subnet.network && address <= subnet.broadcast;

export const overlap = (a: Subnet, b: Subnet) => a.network <= b.broadcast && b.network <= a.broadcast;
