import assert from "node:assert/strict";
import { test } from "node:test";
import { goDuration } from "./go-duration.ts";

test("durations look as Go prints them", () => {
  assert.deepEqual([0, 999, 61_000, 8 * 3_600_000, 90 * 60_000, 3_600_001, -5].map(goDuration), [
    "0s",
    "1s",
    "1m1s",
    "8h0m0s",
    "1h30m0s",
    "1h0m0s",
    "0s",
  ]);
});
