import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { currentState, type PlayState } from "../../src/api/play-state.ts";
import { findPlayProcesses } from "../../src/host/play-processes.ts";
import { guestSays } from "../fixtures/guest-exec.ts";
import { assertNothingLeft, findRole, killRole, networkNamespaces, type Role } from "../fixtures/leftovers.ts";
import { bootMs, changeMs } from "../fixtures/patience.ts";
import { beginPlay, createPlayground, isReady, untilIn, untilStarted, untilState } from "../fixtures/play.ts";
import { type RealServer, startServer } from "../fixtures/server.ts";

// Whatever is killed, at whatever moment: nothing of the play is left, its state says what happened, and it can be
// started again; or it goes on and is found again.

let server: RealServer;
let playground: string;

before(async () => {
  server = await startServer();
  playground = await createPlayground(server, "small");
});
after(() => server?.[Symbol.asyncDispose]());

const boxStep = (state: PlayState) => state.machines[0]?.step?.phase;
const until = (playId: string, what: string, condition: (state: PlayState) => boolean) =>
  untilState(server, playId, what, condition);

/** Kills one process of a play that is somewhere in its start, and returns the state in which that leaves it. */
async function killAndSettle(playId: string, role: Role): Promise<PlayState> {
  const namespaces = await networkNamespaces(playId);
  await killRole(playId, role);
  const state = await untilIn(server, playId, "FAILED");
  await assertNothingLeft(server.paths, playId, namespaces);
  for (const machine of state.machines) {
    assert.equal(machine.state, "STOPPED");
    assert.equal(machine.conditions[0]?.status, "False");
  }
  return state;
}

async function untilRole(playId: string, role: Role): Promise<void> {
  const deadline = Date.now() + bootMs;
  while ((await findRole(playId, role)) === undefined) {
    assert.ok(Date.now() < deadline, `play ${playId} got no ${role}`);
    await sleep(2);
  }
}

const letGoOn = (playId: string) =>
  guestSays(server.client, playId, { machine: "box", user: "root", command: "touch /root/go-on" });

/** Where in the start, and how to know that it has come so far. */
const bootSteps: Array<[string, (playId: string) => Promise<unknown>]> = [
  ["as soon as the runner exists", playId => untilRole(playId, "runner")],
  [
    "while networks and drives are made",
    playId => until(playId, "STARTING", state => currentState(state) === "STARTING"),
  ],
  ["as soon as the monitor exists", playId => untilRole(playId, "monitor")],
  ["while the kernel boots", playId => until(playId, "in the kernel", state => boxStep(state) === "kernel")],
  ["while the shim works", playId => until(playId, "in the shim", state => boxStep(state) === "init")],
  ["while the image boots", playId => until(playId, "waiting for the channel", state => boxStep(state) === "channel")],
];

for (const [when, reached] of bootSteps) {
  test(`the runner is killed ${when}`, async () => {
    const playId = await beginPlay(server, playground);
    await reached(playId);
    const state = await killAndSettle(playId, "runner");
    assert.match(state.problem?.code ?? "", /^playground\/runner-(gone|did-not-start)$/);
    assert.ok(state.problem?.hint);
    await server.client.act(playId, { action: "destroy" });
    await untilIn(server, playId, "DESTROYED");
  });
}

test("the launcher is killed while the kernel boots", async () => {
  const playId = await beginPlay(server, playground);
  await until(playId, "in the kernel", state => boxStep(state) === "kernel");
  const state = await killAndSettle(playId, "launcher");
  assert.equal(state.problem?.code, "playground/runner-gone");
});

test("the monitor of a machine is killed while it boots", async () => {
  const playId = await beginPlay(server, playground);
  await until(playId, "in the shim", state => boxStep(state) === "init");
  const { problem, machines } = await killAndSettle(playId, "monitor");
  assert.equal(problem?.code, "playground/machine-died");
  assert.match(problem?.error ?? "", /monitor of box ended by SIGKILL \(init\)/);
  assert.deepEqual(problem?.where, { machine: "box", step: "init" });
  assert.match(JSON.stringify(problem?.details), /labyard: modules/, "the last console lines are missing");
  assert.equal(machines[0]?.problem?.code, "playground/machine-died");
});

test("the runner is killed while tasks run; after a restart the play is whole, and later deaths leave it so", async t => {
  const playId = await beginPlay(server, playground);
  const box = { machine: "box", user: "root" };

  await t.test("the runner, in the middle of a task", async () => {
    await until(playId, "running its task", state => state.tasks[0]?.status === 30);
    await guestSays(server.client, playId, {
      ...box,
      command: "until [ -s /root/runs ]; do sleep 0.2; done; echo precious >/root/work; sync",
    });
    const state = await killAndSettle(playId, "runner");
    assert.equal(state.problem?.code, "playground/runner-gone");
  });

  await t.test("a restart keeps what was written, and the interrupted task for its owner to repeat", async () => {
    await server.client.act(playId, { action: "restart" });
    const again = await until(playId, "ready again", isReady);
    assert.equal(again.problem, undefined);
    assert.equal(again.tasks[0]?.status, 35);
    assert.match(again.tasks[0]?.message ?? "", /stopped while the task was running/);
    await letGoOn(playId);
    await server.client.retryTask(playId, "init_once");
    await untilStarted(server, playId);
    assert.equal(
      await guestSays(server.client, playId, { ...box, command: "cat /root/work /root/runs" }),
      "precious\nrun\nrun",
    );
  });

  await t.test("the server: the play goes on, and a new server finds it", async () => {
    const parts = () => Promise.all([findRole(playId, "runner"), findRole(playId, "monitor")]);
    const partsBefore = await parts();
    const terminal = await server.client.openTerminal(playId, { machine: "box" });
    await server.kill();
    await sleep(1000);
    assert.deepEqual(await parts(), partsBefore);
    await server.restart();
    assert.ok(isReady(await server.client.getPlayState(playId)));
    assert.equal(await guestSays(server.client, playId, { ...box, command: "cat /root/work" }), "precious");
    const terminals = await server.client.listTerminals(playId);
    assert.deepEqual(
      terminals.map(({ id }) => id),
      [terminal.id],
    );
  });

  await t.test("the monitor of a running machine: the machine is off, says why, and starts again", async () => {
    await killRole(playId, "monitor");
    const off = await until(playId, "off", state => state.machines[0]?.state === "STOPPED");
    assert.equal(currentState(off), "RUNNING");
    assert.equal(off.machines[0]?.problem?.code, "playground/machine-died");
    assert.match(off.machines[0]?.problem?.error ?? "", /ended by SIGKILL/);
    await server.client.act(playId, { action: "machine.restart", machine: "box" });
    const state = await until(playId, "ready again", isReady);
    assert.equal(state.machines[0]?.problem, undefined);
    assert.equal(
      await guestSays(server.client, playId, { ...box, command: "cat /root/work /root/runs" }),
      "precious\nrun\nrun",
    );
  });

  await t.test("the server and then the runner: the new server cleans up", async () => {
    const namespaces = await networkNamespaces(playId);
    await server.kill();
    await killRole(playId, "runner");
    await server.restart();
    const state = await untilIn(server, playId, "FAILED");
    assert.equal(state.problem?.code, "playground/runner-gone");
    await assertNothingLeft(server.paths, playId, namespaces);
  });
});

test("killed while it prepares", async t => {
  // A registry that takes calls and never answers keeps a play preparing for as long as we like.
  const silent = createServer(socket => socket.on("error", () => {})).listen(0, "127.0.0.1");
  await once(silent, "listening");
  t.after(() => silent.close());
  const { port } = silent.address() as { port: number };
  const slow = await createPlayground(server, "small", text =>
    text.replace("debian-12", `oci://127.0.0.1:${port}/slow:1`),
  );

  await t.test("the preparing process: the play says so, and can be destroyed", async () => {
    const playId = await beginPlay(server, slow);
    await untilRole(playId, "preparation");
    const state = await killAndSettle(playId, "preparation");
    assert.equal(state.problem?.code, "playground/preparation-died");
    assert.match(state.problem?.error ?? "", /SIGKILL/);
  });

  await t.test("the server: a new one takes the preparation up again, with one process", async () => {
    const playId = await beginPlay(server, slow);
    await untilRole(playId, "preparation");
    const first = await findPlayProcesses(playId);
    // One that is busy for long does not notice that nobody listens any more.
    for (const pid of first) process.kill(pid, "SIGSTOP");
    await server.kill();
    await server.restart();
    await untilState(server, playId, "WARMING_UP", state => currentState(state) === "WARMING_UP", changeMs);
    await untilRole(playId, "preparation");
    const second = await findPlayProcesses(playId);
    assert.deepEqual(
      second.filter(pid => first.includes(pid)),
      [],
      "the old preparation goes on beside the new one",
    );
    await server.client.act(playId, { action: "stop" });
    await untilIn(server, playId, "STOPPED");
    await assertNothingLeft(server.paths, playId, new Set());
  });
});
