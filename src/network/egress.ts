import { networkInterfaces } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Plan } from "../plan/plan.ts";

/** The namespace's side of its uplink. It exists while pasta runs, so rules may only refer to its name. */
export const egressInterface = "egress";

/**
 * What pasta is told before the process id. Its defaults serve desktops: they copy the host's addresses, lead the
 * gateway's address to the host's loopback services and publish ports in both directions. All of that is off.
 */
export function egressArguments(plan: Plan, uid: number | undefined = process.getuid?.()): string[] {
  const { address, prefixLength, gateway, dns } = plan.egress;
  return [
    "--foreground",
    "--quiet",
    "--ipv4-only",
    "--config-net",
    "--no-map-gw",
    ...["--ns-ifname", egressInterface],
    ...["--mtu", "1500"],
    ...["--address", address],
    ...["--netmask", String(prefixLength)],
    ...["--gateway", gateway],
    ...["--dns-forward", dns],
    ...["--tcp-ports", "none"],
    ...["--udp-ports", "none"],
    ...["--tcp-ns", "none"],
    ...["--udp-ns", "none"],
    // Started by root it would change to an identity that may not write the map of the namespace.
    ...(uid === 0 ? ["--runas", "0"] : []),
  ];
}

/** Whether this namespace has its uplink, waiting at most `timeoutMs` for it. */
export async function waitForEgress(signal: AbortSignal, timeoutMs = 5000): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (networkInterfaces()[egressInterface] === undefined) {
    if (Date.now() > deadline) return false;
    await sleep(20, undefined, { signal });
  }
  return true;
}
