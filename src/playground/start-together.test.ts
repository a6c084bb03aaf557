import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { currentState } from "../api/play-state.ts";
import type { MachinePlan, Plan } from "../plan/plan.ts";
import type { Channel } from "../provisioning/channel.ts";
import { ChannelKeeper } from "../provisioning/channel-keeper.ts";
import { createPlayDirectory } from "../store/play-records.ts";
import type { Vm } from "../vm/machine.ts";
import { initialState } from "./initial-state.ts";
import { LiveState } from "./live-state.ts";
import { MachineRuntime, type MachineRuntimeOptions } from "./machine-runtime.ts";
import { startTogether } from "./start-together.ts";

const playId = "0123456789abcdef01234567";
const never = new Promise<never>(() => {});
const runs = {
  exited: never,
  console: { onOutput: () => () => {}, lastLines: () => [] },
  onEvent: () => () => {},
} as unknown as Vm;

/** Two machines, the second of which starts when it is told to; what happened, in order. */
async function twoMachines(t: TestContext) {
  const home = await mkdtemp(join(tmpdir(), "labyard-start-"));
  const paths = { home, runtime: home };
  await createPlayDirectory(paths, playId);
  const machines = ["quick", "slow"].map(name => ({ name, drives: [] }) as unknown as MachinePlan);
  const plan = { playId, machines, tasks: [], notices: [] } as unknown as Plan;
  const state = new LiveState(paths, initialState(plan));
  const answered = Promise.withResolvers<void>();
  const keeper = new ChannelKeeper({
    connect: async machine => {
      if (machine === "quick") answered.resolve();
      return { isOpen: true, closed: never, [Symbol.asyncDispose]: async () => {} } as unknown as Channel;
    },
  });
  const slowStart = Promise.withResolvers<Vm>();
  const happened: string[] = [];
  const note = (what: string) => void happened.push(`${what} while the play is ${currentState(state.current)}`);
  const runtimes = machines.map(machine => {
    const options = { paths, plan, machine, state, keeper, prepared: { bases: {} }, bootTimeoutMs: 60_000 };
    const callbacks = { onReady: () => note(`${machine.name} is ready for tasks`), onOff: () => {} };
    const start = async () => (machine.name === "slow" ? slowStart.promise : runs);
    return new MachineRuntime({ ...options, ...callbacks } as unknown as MachineRuntimeOptions, start);
  });
  t.after(async () => {
    await keeper[Symbol.asyncDispose]();
    await state.end();
    await rm(home, { recursive: true });
  });
  const isReady = (name: string) => state.machine(name).conditions[0]?.status === "True";
  return { state, runtimes, slowStart, answered: answered.promise, happened, isReady };
}

test("a machine that answers while another one is still being started is ready only when the play runs", async t => {
  const { state, runtimes, slowStart, answered, happened, isReady } = await twoMachines(t);
  const started = startTogether(runtimes, state, AbortSignal.timeout(60_000));
  await answered;
  // All that the answer sets off has happened when the event loop has turned.
  for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve));
  assert.equal(state.machine("quick").state, "RUNNING");
  assert.equal(isReady("quick"), false);
  assert.deepEqual(happened, []);

  slowStart.resolve(runs);
  await started;
  await Promise.all(runtimes.map(machine => machine.whenReady()));
  assert.deepEqual(happened, [
    "quick is ready for tasks while the play is RUNNING",
    "slow is ready for tasks while the play is RUNNING",
  ]);
  assert.ok(isReady("quick") && isReady("slow"));
});
