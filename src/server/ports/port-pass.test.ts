import assert from "node:assert/strict";
import { test } from "node:test";
import { PortPasses } from "./port-pass.ts";

test("a pass opens its port for its holder, for its time, with our key", () => {
  let nowMs = 0;
  const passes = new PortPasses("key", () => nowMs);
  const holder = { userId: "ann", credentialId: "s1" };
  const pass = passes.create("port1", holder);
  assert.deepEqual(passes.opens("port1", pass), holder);
  assert.equal(passes.opens("port2", pass), undefined);
  assert.equal(passes.opens("port1", pass.replace("ann", "bob")), undefined);
  assert.equal(passes.opens("port1", pass.replace(/\.\d+\./, ".99999999999999.")), undefined);
  assert.equal(passes.opens("port1", ""), undefined);
  assert.equal(new PortPasses("other", () => nowMs).opens("port1", pass), undefined);
  nowMs = 13 * 60 * 60_000;
  assert.equal(passes.opens("port1", pass), undefined);
});
