import { run } from "../host/process.ts";
import type { Scope } from "../lib/scope.ts";
import type { NetworkPlan, Plan } from "../plan/plan.ts";
import { registryPort } from "../plan/registry.ts";
import { egressInterface } from "./egress.ts";

/**
 * Ranges that are nobody's on the internet but may well be somebody's beside this host: its own networks, other
 * tenants, the metadata services of clouds. Guests do not reach them; networks of the play itself are routed before.
 */
const outsideRanges = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/3",
];

/**
 * The packet filter of a play's namespace as one atomic `nft -f`.
 *
 * Machines reach the internet from networks that are not private, the play's name servers and registry, and nothing
 * else of the namespace or the host. Frames that leave a machine towards the namespace must carry the address the plan gave it.
 * Frames between machines are not looked at: routers, virtual addresses and pod networks are what people learn here.
 */
export function renderRules(plan: Plan): string {
  const open = plan.networks.filter(network => !network.private);
  return [
    "table bridge labyard {",
    ...block(sources(plan)),
    "  chain input {",
    "    type filter hook input priority filter; policy drop;",
    "    iifname . ether saddr . ip saddr @sources accept",
    "    iifname . ether saddr . arp saddr ip @sources accept",
    // Asking who has an address before taking it (RFC 5227) names no sender.
    "    arp saddr ip 0.0.0.0 accept",
    "  }",
    "}",
    "table inet labyard {",
    ...block(blocked(plan)),
    "  chain input {",
    "    type filter hook input priority filter; policy drop;",
    "    ct state vmap { established : accept, related : accept, invalid : drop }",
    '    iifname "lo" accept',
    // Nothing comes in from outside that was not asked for; machines get an answer, which spares them a timeout.
    `    iifname "${egressInterface}" drop`,
    ...plan.networks.flatMap(network => nameServiceRules(network, plan)),
    // Not of the internet, so for private networks as well; what comes from outside has been dropped above.
    ...plan.networks.map(
      ({ bridge }) => `    iifname "${bridge}" ip daddr ${plan.registry.address} tcp dport ${registryPort} accept`,
    ),
    "    reject with icmpx admin-prohibited",
    "  }",
    "  chain forward {",
    "    type filter hook forward priority filter; policy drop;",
    "    ct state vmap { established : accept, related : accept, invalid : drop }",
    // One network is one segment, also where frames between its ports pass here (br_netfilter).
    ...plan.networks.map(({ bridge }) => `    iifname "${bridge}" oifname "${bridge}" accept`),
    ...open.flatMap(network => wayOut(network)),
    "    reject with icmpx admin-prohibited",
    "  }",
    "  chain postrouting {",
    "    type nat hook postrouting priority srcnat; policy accept;",
    `    oifname "${egressInterface}" masquerade`,
    "  }",
    "}",
    "",
  ].join("\n");
}

function sources(plan: Plan): string[] {
  const elements = plan.machines.flatMap(machine =>
    machine.interfaces.map(({ tap, mac, address }) => `"${tap}" . ${mac} . ${address}`),
  );
  return ["set sources {", "  type ifname . ether_addr . ipv4_addr", `  elements = { ${elements.join(", ")} }`, "}"];
}

function blocked({ egress }: Plan): string[] {
  const uplink = `${egress.gateway}/${egress.prefixLength}`;
  const elements = [...new Set([...outsideRanges, uplink, ...egress.hostAddresses])];
  return [
    "set blocked {",
    // Ranges of the list may contain each other, e.g. the uplink those of benchmarking.
    "  type ipv4_addr; flags interval; auto-merge",
    `  elements = { ${elements.join(", ")} }`,
    "}",
  ];
}

/** A private bridge answers on its own address only; the second name server is for those who come by another way. */
function nameServiceRules({ bridge, gateway, private: isPrivate }: NetworkPlan, { egress }: Plan): string[] {
  const addresses = isPrivate ? gateway : `{ ${gateway}, ${egress.resolver} }`;
  return [
    `    iifname "${bridge}" ip daddr ${addresses} meta l4proto { tcp, udp } th dport 53 accept`,
    `    iifname "${bridge}" ip daddr ${gateway} icmp type echo-request accept`,
  ];
}

function wayOut({ bridge, subnet, prefixLength }: NetworkPlan): string[] {
  const outward = `    iifname "${bridge}" oifname "${egressInterface}" ip saddr ${subnet}/${prefixLength}`;
  return [`${outward} ip daddr != @blocked accept`];
}

const block = (lines: readonly string[]) => lines.map(line => `  ${line}`);

/** Loads the rules of a play, all or none. They name interfaces, so they may come before these exist. */
export async function loadRules(plan: Plan, scope: Scope, signal: AbortSignal): Promise<void> {
  await run(["nft", "-f", "-"], { input: renderRules(plan), signal, timeoutMs: 10_000 });
  scope.own("packet filter", async () => {
    const removal = "delete table bridge labyard\ndelete table inet labyard\n";
    await run(["nft", "-f", "-"], { input: removal, timeoutMs: 10_000 });
  });
}
