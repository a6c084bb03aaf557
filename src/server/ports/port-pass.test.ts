import assert from "node:assert/strict";
import { test } from "node:test";
import { PortPasses } from "./port-pass.ts";

test("a pass opens its port, for its time, with our key", () => {
  let nowMs = 0;
  const passes = new PortPasses("key", () => nowMs);
  const pass = passes.create("port1", "ann");
  assert.equal(passes.opens("port1", pass), true);
  assert.equal(passes.opens("port2", pass), false);
  assert.equal(passes.opens("port1", pass.replace("ann", "bob")), false);
  assert.equal(passes.opens("port1", pass.replace(/\.\d+\./, ".99999999999999.")), false);
  assert.equal(passes.opens("port1", ""), false);
  assert.equal(new PortPasses("other", () => nowMs).opens("port1", pass), false);
  nowMs = 13 * 60 * 60_000;
  assert.equal(passes.opens("port1", pass), false);
});
