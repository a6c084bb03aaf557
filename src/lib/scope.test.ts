import assert from "node:assert/strict";
import { test } from "node:test";
import { Scope } from "./scope.ts";

test("releases newest first and reports every failure", async () => {
  const order: string[] = [];
  const scope = new Scope("boot");
  scope.own("a", () => void order.push("a"));
  scope.own("b", () => {
    throw new Error("b is stuck");
  });
  scope.own("c", () => void order.push("c"));
  await assert.rejects(scope[Symbol.asyncDispose](), (error: AggregateError) => {
    assert.equal(error.errors.length, 1);
    assert.match(error.errors[0].message, /could not release b/);
    return true;
  });
  assert.deepEqual(order, ["c", "a"]);
});

test("a result that arrives after closing is released on the spot", async () => {
  const scope = new Scope("boot");
  const opened = Promise.withResolvers<string>();
  const released: string[] = [];
  const late = scope.acquire(
    "tap",
    () => opened.promise,
    value => void released.push(value),
  );
  await scope[Symbol.asyncDispose]();
  opened.resolve("tap0");
  await assert.rejects(late, /closed while opening tap/);
  assert.deepEqual(released, ["tap0"]);
});

test("moving hands over ownership; the old scope releases nothing", async () => {
  const released: string[] = [];
  let heir: Scope;
  {
    await using boot = new Scope("boot");
    boot.own("vm", () => void released.push("vm"));
    heir = boot.move("play");
  }
  assert.deepEqual(released, []);
  await heir[Symbol.asyncDispose]();
  assert.deepEqual(released, ["vm"]);
});

test("a second close waits for the first", async () => {
  const gate = Promise.withResolvers<void>();
  const scope = new Scope("boot");
  let done = false;
  scope.own("slow", async () => {
    await gate.promise;
    done = true;
  });
  const first = scope[Symbol.asyncDispose]();
  const second = (async () => {
    await scope[Symbol.asyncDispose]();
    assert.equal(done, true);
  })();
  gate.resolve();
  await Promise.all([first, second]);
});
