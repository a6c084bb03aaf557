import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Latest } from "./latest.ts";

test("a slow watcher skips values but sees the last one, then the end", async () => {
  const latest = new Latest(0);
  const seen: number[] = [];
  const watching = (async () => {
    for await (const value of latest.watch(AbortSignal.timeout(5000))) {
      seen.push(value);
      await turn();
      await turn();
    }
  })();
  await turn();
  for (let value = 1; value <= 10; value += 1) latest.set(value);
  latest.end();
  await watching;
  assert.equal(seen[0], 0);
  assert.equal(seen.at(-1), 10);
  assert.ok(seen.length < 11);
});

test("aborting ends a waiting watcher", async () => {
  const latest = new Latest("only");
  const abort = new AbortController();
  const seen: string[] = [];
  const watching = (async () => {
    for await (const value of latest.watch(abort.signal)) seen.push(value);
  })();
  await turn();
  abort.abort();
  await watching;
  assert.deepEqual(seen, ["only"]);
});
