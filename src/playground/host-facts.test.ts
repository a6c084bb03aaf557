import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryForMachinesMiB } from "./host-facts.ts";

test("the host keeps a part of its memory for itself", () => {
  assert.equal(memoryForMachinesMiB(4096), 3584);
  assert.equal(memoryForMachinesMiB(65_536), 58_983);
  // A host this small runs one small machine or none; planning needs a limit above nothing.
  assert.equal(memoryForMachinesMiB(256), 512);
});
