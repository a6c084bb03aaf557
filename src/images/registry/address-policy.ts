import ipaddr from "ipaddr.js";

/** Whether a stranger may send us to an address: always, only from a neighbour of it, or never. */
export type AddressKind = "public" | "private" | "loopback" | "forbidden";

/** Metadata services, link-local, multicast and the like are nobody's registry. */
export function addressKind(address: string): AddressKind {
  const bare = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  if (!ipaddr.isValid(bare)) return "forbidden";
  const parsed = ipaddr.process(bare);
  const range = parsed.range();
  if (range === "unicast") return "public";
  if (range === "loopback") return "loopback";
  if (range === "private" || range === "uniqueLocal" || range === "carrierGradeNat") return "private";
  if (range === "rfc6052") {
    // An IPv4 address as networks without IPv4 write it.
    return addressKind(parsed.toByteArray().slice(-4).join("."));
  }
  return "forbidden";
}

/** A registry may send its clients to its own kind of place, and to the public internet. */
export function mayRefer(from: AddressKind, to: AddressKind): boolean {
  if (to === "public") return true;
  if (to === "private") return from === "private" || from === "loopback";
  return to === "loopback" && from === "loopback";
}
