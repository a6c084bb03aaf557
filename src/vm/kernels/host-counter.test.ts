import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCounterKHz } from "./host-counter.ts";

const processor = (mhz: string, flags = "fpu tsc constant_tsc") => `cpu MHz\t\t: ${mhz}\nflags\t\t: ${flags}\n\n`;

test("a virtual host tells the speed of its counter, others that of the moment", () => {
  assert.equal(parseCounterKHz(processor("2596.138") + processor("2596.138"), false), 2_596_138);
  assert.equal(parseCounterKHz(processor("2596.138") + processor("1200.000"), false), undefined);
  assert.equal(parseCounterKHz(processor("2596.138"), true), undefined);
  assert.equal(parseCounterKHz(processor("2596.138", "fpu tsc"), false), undefined);
  assert.equal(parseCounterKHz("", false), undefined);
});
