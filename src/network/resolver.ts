import { Resolver } from "node:dns/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { Problem } from "../api/problems.ts";
import { type Supervised, supervise } from "../host/supervise.ts";
import type { Scope } from "../lib/scope.ts";
import type { NetworkPlan, Plan } from "../plan/plan.ts";

/** One name server process: dnsmasq has one policy for all its addresses, and the play may need two. */
export interface NameServer {
  /** For messages: "open" networks get answers for the internet, "private" ones for the play only. */
  policy: "open" | "private";
  addresses: string[];
  argv: string[];
}

const readyWithinMs = 5000;

/**
 * The name servers of a play, as commands.
 *
 * Both know every machine as `machine` and `machine.network`. Where the asking network is among a machine's, that
 * address alone is the answer. Answers with private addresses are passed on: names such as 10.0.0.5.nip.io are common
 * in labs, and the packet filter already decides what can be reached.
 */
export function nameServers(plan: Plan): NameServer[] {
  const { egress, networks } = plan;
  const gateways = (wanted: (network: NetworkPlan) => boolean) => networks.filter(wanted).map(({ gateway }) => gateway);
  const open = gateways(network => !network.private);
  const closed = gateways(network => network.private);
  const servers: NameServer[] = [];
  if (open.length > 0) {
    const addresses = [...open, egress.resolver];
    const upstream = [
      `--server=${egress.dns}`,
      "--cache-size=1000",
      "--domain-needed",
      "--bogus-priv",
      // There is no IPv6 on the way out; an address of it would only cost the guest a failed attempt.
      "--filter-AAAA",
    ];
    servers.push({ policy: "open", addresses, argv: command(plan, addresses, upstream) });
  }
  if (closed.length > 0) {
    // Without a server to ask it refuses everything else, which sends the guest on to its second name server.
    const names = plan.machines.map(({ name }) => `--local=/${name}/`);
    servers.push({ policy: "private", addresses: closed, argv: command(plan, closed, names) });
  }
  return servers;
}

function command(plan: Plan, addresses: readonly string[], policy: readonly string[]): string[] {
  return [
    // It reads what guests send, so it keeps no rights, not even those over its own namespace.
    ...["setpriv", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"],
    ...["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--log-facility=-"],
    // Only the namespace's user 0 exists: there is no other identity to change to.
    ...["--user=root", "--group="],
    ...["--no-hosts", "--no-resolv", "--no-poll", "--localise-queries"],
    "--bind-interfaces",
    ...addresses.map(address => `--listen-address=${address}`),
    ...policy,
    ...machineNames(plan),
    ...registryNames(plan),
  ];
}

function machineNames(plan: Plan): string[] {
  return plan.machines.flatMap(({ name, interfaces }) =>
    interfaces.flatMap(({ network, address }, index) => {
      const first = interfaces.findIndex(entry => entry.network === network) === index;
      const names = first ? [name, `${name}.${network}`] : [name];
      // `--local`: a name with a dot would otherwise be asked upstream for every other type of record.
      return [`--host-record=${names.join(",")},${address}`, ...(first ? [`--local=/${name}.${network}/`] : [])];
    }),
  );
}

function registryNames({ registry: { names, address } }: Plan): string[] {
  return names.flatMap(name => [`--host-record=${name},${address}`, `--local=/${name}/`]);
}

/**
 * Starts the play's name servers; resolves once each answers.
 *
 * One that dies is started again, a bounded number of times. `failed` resolves when that bound is reached, so that
 * the play can say so; it never rejects.
 */
export async function startNameServers(
  plan: Plan,
  scope: Scope,
  signal: AbortSignal,
): Promise<{ failed: Promise<Problem> }> {
  const started: Supervised[] = await Promise.all(
    nameServers(plan).map(async server => {
      const supervised = await scope.acquire(
        `${server.policy} name server`,
        () => supervise(server.argv),
        running => running.stop(),
      );
      await answers(server, plan, supervised, signal);
      return supervised;
    }),
  );
  return { failed: Promise.race(started.map(({ gaveUp }) => gaveUp.then(failure))) };
}

async function answers(server: NameServer, plan: Plan, running: Supervised, signal: AbortSignal): Promise<void> {
  const question = plan.machines[0]?.name ?? "";
  const limit = AbortSignal.any([signal, AbortSignal.timeout(readyWithinMs)]);
  let gaveUp: string[] | undefined;
  void running.gaveUp.then(lines => (gaveUp = lines));
  for (const address of server.addresses) {
    const resolver = new Resolver({ timeout: 500, tries: 1 });
    resolver.setServers([address]);
    while (!(await resolver.resolve4(question).catch(() => undefined))) {
      signal.throwIfAborted();
      if (gaveUp !== undefined || limit.aborted) throw failure(gaveUp ?? running.lastLines());
      await sleep(5);
    }
  }
}

function failure(said: readonly string[]): Problem {
  return new Problem("network/resolver-failed", { where: { step: "network" }, details: said });
}
