import assert from "node:assert/strict";
import { test } from "node:test";
import { withinHost } from "./host-limits.ts";

const configured = { machine: { vcpus: 4, memoryMiB: 10_240 }, play: { vcpus: 10, memoryMiB: 16_384 } };

test("a large host gives what is configured", () => {
  assert.deepEqual(withinHost(configured, { memoryMiB: 65_536, processors: 16 }), configured);
});

test("on a small host nobody gets more than it has", () => {
  assert.deepEqual(withinHost(configured, { memoryMiB: 8192, processors: 2 }), {
    machine: { vcpus: 4, memoryMiB: 7373 },
    play: { vcpus: 8, memoryMiB: 7373 },
  });
  const modest = { machine: { vcpus: 1, memoryMiB: 512 }, play: { vcpus: 20, memoryMiB: 1024 } };
  assert.deepEqual(withinHost(modest, { memoryMiB: 8192, processors: 2 }), {
    machine: { vcpus: 1, memoryMiB: 512 },
    play: { vcpus: 8, memoryMiB: 1024 },
  });
});

test("the host keeps a part of its memory for itself", () => {
  const memoryMiB = (hostMiB: number) => withinHost(huge, { memoryMiB: hostMiB, processors: 1 }).play.memoryMiB;
  assert.equal(memoryMiB(4096), 3584);
  assert.equal(memoryMiB(65_536), 58_983);
  // A host this small runs one small machine or none; planning needs a limit above nothing.
  assert.equal(memoryMiB(256), 512);
});

const most = { vcpus: 1000, memoryMiB: 10 ** 7 };
const huge = { machine: most, play: most };
