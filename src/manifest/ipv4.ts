import ipaddr from "ipaddr.js";

/** An IPv4 range: network address without host bits, as a number, and its prefix length. */
export interface Subnet {
  address: number;
  prefixLength: number;
}

/** The number of a dotted address such as 10.0.1.10; undefined for anything else, 10.1 and 010.0.0.1 included. */
export function parseAddress(text: string): number | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
  return ipaddr.IPv4.parse(text)
    .toByteArray()
    .reduce((number, byte) => number * 256 + byte, 0);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map(shift => (address >>> shift) & 255).join(".");
}

/** Splits address/prefix; undefined when it is not of that form. The address may have host bits. */
export function parsePrefixed(text: string): { address: number; prefixLength: number } | undefined {
  const [written = "", prefix, ...more] = text.split("/");
  const address = parseAddress(written);
  if (address === undefined || prefix === undefined || more.length > 0 || !/^(?:\d|[12]\d|3[0-2])$/.test(prefix)) {
    return undefined;
  }
  return { address, prefixLength: Number(prefix) };
}

export const sizeOf = ({ prefixLength }: { prefixLength: number }): number => 2 ** (32 - prefixLength);

/** The range an address with a prefix lies in. */
export function subnetOf({ address, prefixLength }: { address: number; prefixLength: number }): Subnet {
  return { address: address - (address % 2 ** (32 - prefixLength)), prefixLength };
}

export function contains(subnet: Subnet, address: number): boolean {
  return address >= subnet.address && address < subnet.address + sizeOf(subnet);
}

export function overlap(a: Subnet, b: Subnet): boolean {
  return contains(a, b.address) || contains(b, a.address);
}

/** The first and last address of a range are not for hosts. */
export function isReserved(subnet: Subnet, address: number): boolean {
  return address === subnet.address || address === subnet.address + sizeOf(subnet) - 1;
}

export const formatSubnet = (subnet: Subnet): string => `${formatAddress(subnet.address)}/${subnet.prefixLength}`;
