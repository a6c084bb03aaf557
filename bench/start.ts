import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { type BootPhase, currentState, type PlayState } from "../src/api/play-state.ts";
import { createDrives, removeDrives } from "../src/drives/create-drives.ts";
import { openLocalAuthority } from "../src/host/certificates/local-authority.ts";
import { createLog } from "../src/lib/log.ts";
import { checkManifest } from "../src/manifest/check.ts";
import { parseManifestYaml } from "../src/manifest/parse.ts";
import type { Manifest } from "../src/manifest/schema.ts";
import { createPlan } from "../src/plan/create-plan.ts";
import type { Plan } from "../src/plan/plan.ts";
import { hostFacts } from "../src/playground/host-facts.ts";
import { sizeOfThisHost, withinHost } from "../src/playground/host-limits.ts";
import { LocalPlays } from "../src/playground/local-plays.ts";
import { lookupPrepared, type Prepared } from "../src/playground/prepare.ts";
import { machineSpec } from "../src/playground/start-machine.ts";
import { createPlayKeys } from "../src/provisioning/keys.ts";
import {
  authorityFiles,
  initrdFile,
  kernelsDirectory,
  type Paths,
  probesFile,
  resolvePaths,
} from "../src/store/paths.ts";
import { type BareBoot, type BareMachines, bootBare } from "./bare-machines.ts";
import { median, renderFigures } from "./figures.ts";
import { writeResults } from "./write-results.ts";

/** As many equal machines as asked for on one network. */
const manifestSource = (machines: number) => `
kind: playground
name: bench-start
title: Start benchmark
playground:
  networks: [{name: local, subnet: 172.16.0.0/24}]
  machines:
${Array.from(
  { length: machines },
  (_, index) => `    - name: node-0${index + 1}
      users: [{name: laborant, default: true}]
      drives: [{source: debian-12, mount: /}]
      network: {interfaces: [{network: local}]}
      resources: {cpuCount: 2, ramSize: 1GiB}
`,
).join("")}  initTasks:
    first: {init: true, machine: node-01, run: "true"}
  accessControl: {canList: [owner], canRead: [owner], canStart: [owner]}
`;

const registry = { aliases: [], maxBytes: 1024 ** 3 };
const limits = withinHost(
  { machine: { vcpus: 4, memoryMiB: 10 * 1024 }, play: { vcpus: 10, memoryMiB: 16 * 1024 } },
  sizeOfThisHost(),
);
const deadlineMs = 300_000;
const phases: BootPhase[] = ["plan", "image", "network", "drives", "kernel", "init", "channel", "tasks"];

interface Run {
  bareMs: number;
  readyMs: number;
  tasksMs: number;
  phases: PlayState["phases"];
}

/**
 * How long a start takes from the request until every machine is Ready, and what of it the platform costs: in each run
 * the same kernel, initrd and image are booted bare as well, in turn, so that a host whose speed drifts harms both.
 */
export async function startBenchmark(runs: number, signal: AbortSignal): Promise<void> {
  await compareStarts(1, runs, signal);
}

/** The same for five machines of one play, against the same five started bare at the same moment. */
export async function startFiveBenchmark(runs: number, signal: AbortSignal): Promise<void> {
  await compareStarts(5, runs, signal);
}

async function compareStarts(machines: number, runs: number, signal: AbortSignal): Promise<void> {
  const prepared = resolvePaths(process.env, process.getuid?.() ?? 0);
  const home = await mkdtemp(join(tmpdir(), "labyard-bench-"));
  const paths = resolvePaths({ LABYARD_HOME: home }, process.getuid?.() ?? 0);
  try {
    await symlink(join(prepared.home, "images"), join(home, "images"));
    await symlink(kernelsDirectory(prepared), kernelsDirectory(paths));
    await symlink(probesFile(prepared), probesFile(paths));
    const manifest = readManifest(machines);
    const results: Run[] = [];
    // The first pair warms the page cache and is not counted.
    for (let run = 0; run <= runs; run += 1) {
      const result = await measure(paths, manifest, signal);
      console.error(
        `${run === 0 ? "warm-up" : `run ${run}`}: bare ${seconds(result.bareMs)}, Ready ${seconds(result.readyMs)}`,
      );
      if (run > 0) results.push(result);
    }
    await report(machines, results);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function measure(paths: Paths, manifest: Manifest, signal: AbortSignal): Promise<Run> {
  const bare = await measureBare(paths, manifest, signal);
  const { state, tasksMs } = await measurePlay(paths, manifest, signal);
  return {
    bareMs: bare.elapsedMs,
    readyMs: state.phases.channel ?? Number.NaN,
    tasksMs,
    phases: state.phases,
  };
}

/** All machines of the manifest at once, until the last one has let the platform's client in. */
async function measureBare(paths: Paths, manifest: Manifest, signal: AbortSignal): Promise<BareBoot> {
  const plan = await planOf(paths, manifest, newPlayId(), signal);
  const prepared = await lookupPrepared(paths, plan, signal);
  if (prepared === undefined) throw new Error("kernel and image are not prepared: run 'npm start' once");
  const { playId } = plan;
  const { acceleration } = prepared;
  const keys = createPlayKeys(plan.machines);
  const registryIdentity = { authority: await openLocalAuthority(authorityFiles(paths)) };
  try {
    const machines: Array<BareMachines["machines"][number]> = [];
    for (const machine of plan.machines) {
      const ready = prepared.machines[machine.name] as Prepared["machines"][string];
      const drives = await createDrives(machine, { paths, playId, bases: ready.bases, signal });
      const made = { paths, plan, machine, prepared: ready, keys, registryIdentity, acceleration };
      machines.push({
        spec: await machineSpec(made, drives),
        login: {
          address: machine.interfaces[0]?.address ?? "",
          port: 2022,
          privateKey: keys.channel.privateKey,
          hostKey: keys.machines[machine.name]?.channelHost.publicKey ?? "",
        },
      });
    }
    return await bootBare({ plan, machines, deadlineMs }, paths.home, signal);
  } finally {
    for (const machine of plan.machines) {
      await removeDrives(machine, { paths, playId });
      await rm(initrdFile(paths, playId, machine.name), { force: true });
    }
  }
}

async function measurePlay(
  paths: Paths,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<{ state: PlayState; tasksMs: number }> {
  await mkdir(paths.runtime, { recursive: true, mode: 0o700 });
  const plays = new LocalPlays({
    paths,
    log: createLog("bench", "error"),
    hostFacts: () => hostFacts(paths, { registry }, signal),
  });
  const playId = newPlayId();
  const within = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  await plays.create({ playId, manifest, initConditions: {}, limits });
  try {
    for await (const state of plays.watch(playId, within)) {
      if (currentState(state) === "FAILED") throw new Error(`the play failed: ${JSON.stringify(state.problem)}`);
      if (state.phases.tasks !== undefined) return { state, tasksMs: state.phases.tasks };
    }
    throw new Error(`the play was not ready within ${deadlineMs / 1000} s`);
  } finally {
    await plays.destroy(playId);
    for await (const state of plays.watch(playId, AbortSignal.timeout(60_000))) {
      if (currentState(state) === "DESTROYED") break;
    }
    await plays.close();
  }
}

function readManifest(machines: number): Manifest {
  const source = parseManifestYaml(manifestSource(machines));
  const { manifest, findings } = checkManifest(source, { for: "update" });
  // "update" demands a whole manifest; tabs and categories play no part in a start.
  if (manifest !== undefined) return manifest;
  const { manifest: started } = checkManifest(source, { for: "start" });
  if (started === undefined) throw new Error(JSON.stringify(findings));
  return started;
}

async function planOf(paths: Paths, manifest: Manifest, playId: string, signal: AbortSignal): Promise<Plan> {
  return createPlan({
    playId,
    manifest,
    initConditions: {},
    host: { ...(await hostFacts(paths, { registry }, signal)), limits },
  });
}

const newPlayId = () =>
  [...crypto.getRandomValues(new Uint8Array(12))].map(byte => byte.toString(16).padStart(2, "0")).join("");
const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;

async function report(machines: number, results: Run[]): Promise<void> {
  const rows = phases.map((phase, index) => {
    const before = phases[index - 1];
    const lengths = results.map(
      run => (run.phases[phase] ?? 0) - (before === undefined ? 0 : (run.phases[before] ?? 0)),
    );
    return { name: phase, values: lengths };
  });
  const ratios = results.map(run => run.readyMs / run.bareMs);
  console.log(
    `\nStart of ${machines === 1 ? "one debian-12 machine" : `${machines} debian-12 machines`}, ${cpus().length} × ${cpus()[0]?.model ?? "?"}, ${results.length} runs\n`,
  );
  console.log(
    renderFigures([
      ...rows.map(row => ({ name: `  ${row.name}`, values: row.values, unit: "s" as const })),
      { name: "request → Ready", values: results.map(run => run.readyMs), unit: "s" },
      { name: "request → tasks done", values: results.map(run => run.tasksMs), unit: "s" },
      { name: "bare VM → logged in", values: results.map(run => run.bareMs), unit: "s" },
      { name: "Ready / bare", values: ratios, unit: "ratio" },
    ]),
  );
  console.log(
    `\nThe platform adds ${((median(ratios) - 1) * 100).toFixed(1)} % to the bare boot (median of pairs; aim: less than ${machines === 1 ? 10 : 30} %).`,
  );
  await writeResults(
    machines === 1 ? "start" : `start-${machines}`,
    results.map((run, index) => ({ run: index + 1, ...run })),
  );
}
