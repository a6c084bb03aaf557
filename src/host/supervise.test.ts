import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { supervise } from "./supervise.ts";

const limits = { restartsMax: 2, windowMs: 60_000, pauseMs: 1 };

test("a program that ends too often is given up, with what it said last", async () => {
  const running = await supervise(["sh", "-c", "echo it is broken >&2; exit 3"], limits);
  assert.deepEqual(await running.gaveUp, ["it is broken"]);
  await running.stop();
});

test("a program that is killed once is started again, and stop ends it for good", async () => {
  const running = await supervise(["sleep", "60"], limits);
  const first = running.pid;
  process.kill(first, "SIGKILL");
  while (running.pid === first) await sleep(5);
  const second = running.pid;
  assert.ok(alive(second));
  await running.stop();
  assert.ok(!alive(second));
  await running.stop();
});

test("stop during the pause starts nothing any more", async () => {
  const running = await supervise(["false"], { ...limits, pauseMs: 60_000 });
  await sleep(50);
  await running.stop();
  assert.ok(!alive(running.pid));
});

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
