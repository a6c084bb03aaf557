import { createHash } from "node:crypto";

/**
 * A MAC address that follows from what it belongs to, so it never changes during the life of a play.
 *
 * Locally administered and unicast: the first octet ends in binary 10, which no vendor's card has.
 */
function deriveMac(...owner: readonly [playId: string, ...parts: Array<string | number>]): string {
  // JSON keeps ["a", "b/0"] and ["a/b", 0] apart.
  const digest = createHash("sha256").update(JSON.stringify(owner)).digest();
  digest[0] = ((digest[0] as number) & 0xfc) | 0x02;
  return [...digest.subarray(0, 6)].map(byte => byte.toString(16).padStart(2, "0")).join(":");
}

export const interfaceMac = (playId: string, machine: string, index: number) =>
  deriveMac(playId, "machine", machine, index);

/** Overlay networks inside guests break when their gateway's address changes: stable over stop and restart. */
export const gatewayMac = (playId: string, network: string) => deriveMac(playId, "gateway", network);
