import assert from "node:assert/strict";
import { type Duplex, duplexPair } from "node:stream";
import { test } from "node:test";
import { QmpClient, type QmpEvent } from "./qmp.ts";

const greeting = '{"QMP": {"version": {}, "capabilities": []}}\r\n';

/** A far end that greets and answers each command by `answer` (an object merged with its id, or nothing). */
function monitor(answer: (command: string) => object | undefined): { near: Duplex; far: Duplex; commands: string[] } {
  const [near, far] = duplexPair();
  const commands: string[] = [];
  far.write(greeting);
  far.on("data", (chunk: Buffer) => {
    for (const line of chunk
      .toString()
      .split("\n")
      .filter(text => text !== "")) {
      const { execute, id } = JSON.parse(line) as { execute: string; id: number };
      commands.push(execute);
      const reply = execute === "qmp_capabilities" ? { return: {} } : answer(execute);
      if (reply) far.write(`${JSON.stringify({ ...reply, id })}\r\n`);
    }
  });
  return { near, far, commands };
}

function connect(near: Duplex, onEvent: (event: QmpEvent) => void = () => {}) {
  return QmpClient.connect(near, { onEvent, timeoutMs: 200 });
}

test("answers find their commands, errors and events arrive", async () => {
  const { near, far, commands } = monitor(command =>
    command === "bad" ? { error: { class: "GenericError", desc: "no such thing" } } : { return: { name: command } },
  );
  const events: QmpEvent[] = [];
  const qmp = await connect(near, event => events.push(event));
  assert.deepEqual(await Promise.all([qmp.execute("a"), qmp.execute("b")]), [{ name: "a" }, { name: "b" }]);
  await assert.rejects(qmp.execute("bad"), /no such thing/);
  const text = '{"event": "RESET", "data": {"guest": true}, "timestamp": {}}\n';
  far.write(text.slice(0, 20));
  far.write(text.slice(20));
  await qmp.execute("c");
  assert.deepEqual(events, [{ event: "RESET", data: { guest: true } }]);
  assert.deepEqual(commands, ["qmp_capabilities", "a", "b", "bad", "c"]);
});

test("silence is not waited for longer than asked", async () => {
  const [near] = duplexPair();
  await assert.rejects(connect(near), /greeting was not answered within 0.2 s/);
  const { near: deaf } = monitor(() => undefined);
  const qmp = await connect(deaf);
  await assert.rejects(qmp.execute("stop", {}, { timeoutMs: 50 }), /"stop" was not answered/);
  const reason = new Error("the user gave up");
  await assert.rejects(qmp.execute("stop", {}, { signal: AbortSignal.abort(reason) }), reason);
});

test("an end that closes fails what waits and what comes after", async () => {
  const { near, far } = monitor(() => undefined);
  const qmp = await connect(near);
  const waiting = qmp.execute("stop");
  far.destroy();
  near.destroy();
  await assert.rejects(waiting, /control channel closed/);
  await assert.rejects(qmp.execute("cont"), /control channel closed/);
});

test("a hostile end is cut off", async () => {
  for (const [bytes, why] of [
    ["not json\n", /not JSON/],
    ["[]null\n", /not JSON/],
    ["null\n", /no object/],
    ["x".repeat(1024 * 1024 + 1), /line without end/],
  ] as const) {
    const { near, far } = monitor(() => undefined);
    const qmp = await connect(near);
    const waiting = qmp.execute("stop");
    far.write(bytes);
    await assert.rejects(waiting, why);
    assert.equal(near.destroyed, true);
  }
});
