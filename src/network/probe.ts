import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { playMarkerVariable } from "../host/play-processes.ts";
import { run } from "../host/process.ts";
import { Scope } from "../lib/scope.ts";
import { createPlan } from "../plan/create-plan.ts";
import type { Plan } from "../plan/plan.ts";
import { egressArguments } from "./egress.ts";
import type { NetworkFinding, ProbeTargets } from "./probe-finding.ts";

const launcher = join(import.meta.dirname, "enter-namespace.sh");
/** No play has this id. */
export const probePlayId = "0".repeat(24);
const inside = join(import.meta.dirname, "probe-inside.ts");

/**
 * Finds out by doing it whether this host can carry the network of a play: namespaces, bridge and tap, packet filter
 * with masquerade, name server, uplink. Nothing of it is left behind, and no server but the host's own name server is
 * asked anything.
 */
export async function probeNetwork(signal: AbortSignal = AbortSignal.timeout(60_000)): Promise<NetworkFinding[]> {
  await using scope = new Scope("network probe");
  const plan = probePlan();
  const address = hostAddress();
  const targets: ProbeTargets = {
    ...(address === undefined ? {} : { reachable: { address, port: await listen(address, scope) } }),
    loopbackPort: await listen("127.0.0.1", scope),
  };
  const argv = [process.execPath, inside, JSON.stringify(plan), JSON.stringify(targets)];
  const ran = await run(["sh", launcher, ...egressArguments(plan), "--", ...argv], {
    allowFailure: true,
    env: { ...process.env, [playMarkerVariable]: plan.playId },
    signal,
    timeoutMs: 40_000,
  });
  const findings = ran.stdout
    .split("\n")
    .filter(line => line !== "")
    .map(line => JSON.parse(line) as NetworkFinding);
  if (findings.length === 0) return [await namespaceRefused(ran.stderr)];
  const created: NetworkFinding = {
    check: "namespaces",
    status: "ok",
    message: "a play can have user, network, process and mount namespaces of its own",
  };
  if (ran.exitCode === 0) return [created, ...findings];
  const said = ran.stderr.trim().split("\n").slice(-3).join(" | ");
  return [created, ...findings, { check: "network-probe", status: "failed", message: `the probe broke off: ${said}` }];
}

function probePlan(): Plan {
  const limits = { vcpus: 1, memoryMiB: 512 };
  const nobody: string[] = [];
  return createPlan({
    playId: probePlayId,
    manifest: {
      name: "probe",
      title: "Network probe",
      playground: {
        networks: [{ name: "probe", subnet: "172.16.0.0/24" }],
        machines: [
          {
            name: "guest",
            users: [{ name: "root" }],
            drives: [{ source: "none", mount: "/" }],
            network: { interfaces: [{ network: "probe" }] },
          },
        ],
        accessControl: { canList: nobody, canRead: nobody, canStart: nobody },
      },
    },
    initConditions: {},
    host: {
      limits: { machine: limits, play: limits },
      kernels: ["6.1"],
      backends: ["qemu"],
      acceleration: "tcg",
      registry: { aliases: [], maxBytes: 0 },
      imageAliases: {},
    },
  });
}

function hostAddress(): string | undefined {
  return Object.values(networkInterfaces())
    .flatMap(entries => entries ?? [])
    .find(entry => entry.family === "IPv4" && !entry.internal)?.address;
}

async function listen(address: string, scope: Scope): Promise<number> {
  const server = createServer(socket => socket.destroy());
  server.listen(0, address);
  await once(server, "listening");
  scope.own(`listener on ${address}`, () => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Settings that forbid namespaces to ordinary users, each with its value when it does. */
const guards = [
  { name: "kernel.apparmor_restrict_unprivileged_userns", forbids: "1", allow: "0" },
  { name: "kernel.unprivileged_userns_clone", forbids: "0", allow: "1" },
  { name: "user.max_user_namespaces", forbids: "0", allow: "10000" },
];

async function namespaceRefused(stderr: string): Promise<NetworkFinding> {
  const said = stderr.trim().split("\n").slice(-3).join(" | ") || "no reason was given";
  const closed = await Promise.all(
    guards.map(async ({ name, forbids }) => {
      const file = `/proc/sys/${name.replaceAll(".", "/")}`;
      return (await readFile(file, "utf8").catch(() => "")).trim() === forbids;
    }),
  );
  const commands = guards.filter((_, index) => closed[index]).map(({ name, allow }) => `sysctl -w ${name}=${allow}`);
  return {
    check: "namespaces",
    status: "failed",
    message: `no play can start: its namespaces could not be made (${said})`,
    action:
      commands.length > 0
        ? `As root: ${commands.join("; ")}. Put the same into /etc/sysctl.d/ to keep it.`
        : "In a container, allow user namespaces and an unmasked /proc; otherwise see the message.",
  };
}
