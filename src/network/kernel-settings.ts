import { writeFile } from "node:fs/promises";

/** Of this network namespace only; a setting whose module is not loaded does not exist. */
const settings: ReadonlyArray<readonly [name: string, value: string, required: boolean]> = [
  ["ipv4/ip_forward", "1", true],
  // The name servers listen on port 53 without any capability.
  ["ipv4/ip_unprivileged_port_start", "0", true],
  ["ipv4/conf/all/send_redirects", "0", true],
  ["ipv4/conf/default/send_redirects", "0", true],
  // Addresses of IPv6 would be a way around rules that speak of IPv4; machines keep their link-local ones.
  ["ipv6/conf/all/disable_ipv6", "1", false],
  ["ipv6/conf/default/disable_ipv6", "1", false],
  // Where the host has loaded br_netfilter, frames between machines would otherwise be routed through the rules.
  ["bridge/bridge-nf-call-iptables", "0", false],
  ["bridge/bridge-nf-call-ip6tables", "0", false],
  ["bridge/bridge-nf-call-arptables", "0", false],
];

/** Prepares the kernel's network settings of the namespace this process is in. */
export async function applyKernelSettings(): Promise<void> {
  await Promise.all(
    settings.map(async ([name, value, required]) => {
      try {
        await writeFile(`/proc/sys/net/${name}`, value);
      } catch (error) {
        if (required || (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      }
    }),
  );
}
