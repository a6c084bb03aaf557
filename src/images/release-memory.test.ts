import assert from "node:assert/strict";
import { test } from "node:test";
import { releaseMemory } from "./release-memory.ts";

test("a chunk that is all of its memory is emptied", () => {
  const chunk = Buffer.allocUnsafeSlow(64 * 1024);
  const view = chunk.subarray(1);
  releaseMemory(chunk);
  assert.deepEqual([chunk.length, view.length], [0, 0]);
});

test("what is part of something larger, small, or seen by other threads is left alone", () => {
  const whole = Buffer.allocUnsafeSlow(64 * 1024);
  const shared = new Uint8Array(new SharedArrayBuffer(64 * 1024));
  const small = Buffer.allocUnsafeSlow(1024);
  for (const chunk of [whole.subarray(1), shared, small]) releaseMemory(chunk);
  assert.deepEqual([whole.length, shared.length, small.length], [64 * 1024, 64 * 1024, 1024]);
});
