import assert from "node:assert/strict";
import { test } from "node:test";
import type { BootFinding } from "./finding.ts";
import { checkSpace } from "./space.ts";

test("little room on the drive is a warning, enough is none", () => {
  const gibibyte = 1024 ** 3;
  assert.deepEqual(checkSpace(2 * gibibyte, 2 * gibibyte), []);
  const [finding] = checkSpace(2.5 * gibibyte, 2 * gibibyte) as [BootFinding];
  assert.equal(`${finding.severity} ${finding.code}`, "warning boot/little-space");
  assert.match(finding.fix, /at least 3GiB/);
});
