import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelArguments } from "./command-line.ts";

test("only emulated machines get the arguments that are wrong on real processors", () => {
  assert.match(kernelArguments("tcg"), / mitigations=off /);
  assert.doesNotMatch(kernelArguments("kvm"), /mitigations|tsc=|no_timer_check/);
  assert.match(kernelArguments("tcg", [], 2_596_138), / tsc_early_khz=2596138$/);
  assert.match(kernelArguments("kvm", ["a=b"]), /^console=ttyS0 .*panic=-1 .* a=b$/);
});

test("a line the kernel would cut is refused", () => {
  assert.throws(() => kernelArguments("tcg", ["x".repeat(2000)]), /at most 2047 arrive/);
});
