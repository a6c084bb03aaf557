/** Sockets in the state LISTEN, in the words of the kernel's tables. */
const listen = "0A";
const anyV4 = "00000000";
const anyV6 = "0".repeat(32);
const maxLines = 20_000;

/**
 * TCP ports that answer on `address`, read from the text of /proc/net/tcp and tcp6 of a machine. The text is the
 * guest's and may hold anything; what is not a line of the table is skipped.
 */
export function listeningPorts(tables: string, address: string): number[] {
  const own = hexAddress(address);
  const ports = new Set<number>();
  for (const line of tables.split("\n", maxLines)) {
    const [, local, , state] = line.trim().split(/\s+/, 4);
    const [, on, portHex] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(local ?? "") ?? [];
    if (state !== listen || on === undefined || portHex === undefined) continue;
    const port = Number.parseInt(portHex, 16);
    const answers = on === anyV4 || on === anyV6 || on === own || on === `0000000000000000FFFF0000${own}`;
    if (answers && port > 0) ports.add(port);
  }
  return [...ports].toSorted((a, b) => a - b);
}

/** The kernel prints addresses as numbers of the host's byte order: 172.16.0.2 is 020010AC. */
function hexAddress(address: string): string {
  const bytes = address.split(".").map(Number).toReversed();
  return bytes.map(byte => byte.toString(16).padStart(2, "0").toUpperCase()).join("");
}
