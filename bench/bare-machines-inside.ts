// Runs as the first process of a namespace of its own; see bare-machines.ts. Argument: the request's file.
import { readFile } from "node:fs/promises";
import { startChild } from "../src/host/process.ts";
import { Scope } from "../src/lib/scope.ts";
import { createLinks } from "../src/network/links.ts";
import { openChannel } from "../src/provisioning/channel.ts";
import { qemuArguments } from "../src/vm/qemu/arguments.ts";
import { qemuFacts } from "../src/vm/qemu/facts.ts";
import type { BareBoot, BareMachines } from "./bare-machines.ts";

const { plan, machines, deadlineMs } = JSON.parse(await readFile(process.argv[2] ?? "", "utf8")) as BareMachines;
const signal = AbortSignal.timeout(deadlineMs);
await using scope = new Scope("bare machines");
await createLinks(plan, scope, signal);
const facts = await qemuFacts();

const startedAt = performance.now();
const pids = await Promise.all(machines.map(boot));
const elapsedMs = Math.round(performance.now() - startedAt);
const cpuMs = (await Promise.all(pids.map(cpuTimeMs))).reduce((sum, each) => sum + each, 0);
process.stdout.write(JSON.stringify({ elapsedMs, cpuMs } satisfies BareBoot), () => process.exit());

/** Like a machine of a play it goes on running while the others boot. */
async function boot({ spec, login }: BareMachines["machines"][number]): Promise<number> {
  const child = await startChild(qemuArguments(spec, facts), { stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"] });
  // Control and console are read and thrown away: a full pipe would slow the guest.
  for (const stream of child.process.stdio.slice(3)) if (stream && "resume" in stream) stream.resume();
  const ended = child.exited.then((): never => {
    throw new Error(`${spec.name} ended: ${child.stderrTail()}`);
  });
  await Promise.race([openChannel({ machine: spec.name, username: "root", ...login, signal, deadlineMs }), ended]);
  return child.pid;
}

async function cpuTimeMs(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  // The second field, the name, may hold blanks; times in ticks of 10 ms are the 14th and 15th.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
