import { once } from "node:events";
import { readFileSync } from "node:fs";
import { readdir, readlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { createInterface } from "node:readline";
import { playMarkerVariable } from "../../src/host/play-processes.ts";
import { type Child, run, startChild } from "../../src/host/process.ts";
import type { Scope } from "../../src/lib/scope.ts";
import { egressArguments } from "../../src/network/egress.ts";
import type { InterfacePlan, MachinePlan, Plan } from "../../src/plan/plan.ts";

const root = resolve(import.meta.dirname, "../..");
const launcherScript = join(root, "src/network/enter-namespace.sh");
const fixture = (name: string) => join(root, "test/fixtures", name);

/** A play's network without its machines, held open by a stand-in for the runner. */
export interface OpenPlay {
  plan: Plan;
  launcher: Child;
  /** As seen from outside. */
  pids: { launcher: number; unshare: number; init: number; program: number };
  namespace: string;
  openMs: number;
  enter: string[];
}

export async function openPlay(plan: Plan, directory: string, scope: Scope): Promise<OpenPlay> {
  const planFile = join(directory, `${plan.playId}.json`);
  await writeFile(planFile, JSON.stringify(plan));
  const launcher = await scope.acquire(
    `play ${plan.playId}`,
    () =>
      startChild(
        ["sh", launcherScript, ...egressArguments(plan), "--", process.execPath, fixture("play-network.ts"), planFile],
        { env: { ...process.env, [playMarkerVariable]: plan.playId } },
      ),
    child => child.stop(2000).then(() => undefined),
  );
  const said = await firstLine(launcher);
  const unshare = childOf(launcher.pid, "unshare");
  const init = childOf(unshare);
  return {
    plan,
    launcher,
    pids: { launcher: launcher.pid, unshare, init, program: childOf(init) },
    namespace: await readlink(`/proc/${init}/ns/net`),
    openMs: (JSON.parse(said) as { openMs: number }).openMs,
    enter: ["nsenter", `--target=${init}`, "--user", "--net", "--preserve-credentials", "--"],
  };
}

/** A second network namespace plugged into the bridges in place of a machine's taps. */
export interface FakeGuest {
  run(...argv: string[]): Promise<string>;
  resolve(
    server: string,
    name: string,
    type?: "A" | "AAAA",
  ): Promise<{ addresses?: string[]; error?: string; ms: number }>;
  connect(host: string, port: number): Promise<string>;
  listen(port: number): Promise<void>;
}

export async function addGuest(play: OpenPlay, machine: MachinePlan, scope: Scope): Promise<FakeGuest> {
  const holder = await scope.acquire(
    `guest ${machine.name}`,
    () => startChild([...play.enter, "unshare", "--net", "--", "sh", "-c", "echo here; exec sleep 600"]),
    child => child.stop(500).then(() => undefined),
  );
  await firstLine(holder);
  const enter = ["nsenter", `--target=${holder.pid}`, "--user", "--net", "--preserve-credentials", "--"];
  const inPlay = machine.interfaces.flatMap((entry: InterfacePlan) => [
    `link delete ${entry.tap}`,
    `link add ${entry.tap} type veth peer name ${entry.name} address ${entry.mac} netns ${holder.pid}`,
    `link set ${entry.tap} master ${entry.bridge} up`,
  ]);
  await batch(play.enter, inPlay);
  await batch(enter, [
    "link set lo up",
    ...machine.interfaces.flatMap(entry => [
      `address add ${entry.address}/${entry.prefixLength} dev ${entry.name}`,
      `link set ${entry.name} up`,
    ]),
    ...(machine.defaultGateway === undefined ? [] : [`route add default via ${machine.defaultGateway}`]),
  ]);
  const probe = async (...args: string[]) => {
    const { stdout } = await run([...enter, process.execPath, fixture("guest-probe.ts"), ...args]);
    return JSON.parse(stdout);
  };
  return {
    run: async (...argv) => (await run([...enter, ...argv])).stdout,
    resolve: (server, name, type = "A") => probe("resolve", server, name, type),
    connect: async (host, port) => (await probe("connect", host, String(port))).result,
    async listen(port) {
      const argv = [...enter, process.execPath, fixture("guest-probe.ts"), "listen", String(port)];
      const child = await scope.acquire(
        `listener of ${machine.name}`,
        () => startChild(argv),
        listener => listener.stop(500).then(() => undefined),
      );
      await firstLine(child);
    },
  };
}

/** Processes that still are in a network namespace; it exists as long as there are any. */
export async function processesIn(namespace: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter(name => /^\d+$/.test(name));
  const inside = await Promise.all(
    pids.map(async pid => (await readlink(`/proc/${pid}/ns/net`).catch(() => "")) === namespace),
  );
  return pids.filter((_, index) => inside[index]);
}

export function childOf(pid: number, program?: string): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
  const found = children.find(child => program === undefined || nameOf(child) === program);
  if (found === undefined) throw new Error(`process ${pid} has no child ${program ?? ""}`);
  return found;
}

export const nameOf = (pid: number) => readFileSync(`/proc/${pid}/comm`, "utf8").trim();

async function firstLine(child: Child): Promise<string> {
  const lines = createInterface({ input: child.process.stdout as Readable });
  const ended = child.exited.then(({ exitCode }) => {
    throw new Error(`ended with ${exitCode}: ${child.stderrTail()}`);
  });
  const [line] = await Promise.race([once(lines, "line", { signal: AbortSignal.timeout(20_000) }), ended]);
  return String(line);
}

async function batch(enter: readonly string[], commands: readonly string[]): Promise<void> {
  await run([...enter, "ip", "-batch", "-"], { input: `${commands.join("\n")}\n` });
}
