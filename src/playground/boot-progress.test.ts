import assert from "node:assert/strict";
import { test } from "node:test";
import { BootProgress } from "./boot-progress.ts";

function record(chunks: string[]): string[] {
  const seen: string[] = [];
  const progress = new BootProgress({
    onPhase: (phase, message) => seen.push(`${phase}: ${message}`),
    onFailure: (step, message) => seen.push(`failed ${step}: ${message}`),
  });
  for (const chunk of chunks) progress.append(Buffer.from(chunk));
  return seen;
}

test("steps are found wherever the chunks are cut", () => {
  assert.deepEqual(record(["[    0.5] noise\r\nlaby", "ard: modules\r\nlabyard: dri", "ve\r\n", "labyard: init\r\n"]), [
    "init: loading drivers",
    "init: mounting the root drive",
    "channel: starting the image's services",
  ]);
});

test("a step that fails is told with its reason", () => {
  assert.deepEqual(record(["labyard: drive\nlabyard: drive: cannot mount /dev/vda as ext4\n"]), [
    "init: mounting the root drive",
    "failed drive: cannot mount /dev/vda as ext4",
  ]);
});

test("after the hand-over the guest cannot pretend to be the shim", () => {
  assert.deepEqual(record(["labyard: init\nlabyard: drive: lies\nlabyard: modules\n"]), [
    "channel: starting the image's services",
  ]);
});

test("unknown steps and endless lines are ignored", () => {
  assert.deepEqual(record(["labyard: dance\n", "x".repeat(1_000_000), "\nlabyard: modules\n"]), [
    "init: loading drivers",
  ]);
});
