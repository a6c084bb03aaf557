import assert from "node:assert/strict";
import { test } from "node:test";
import { allowedStates, whyNotAllowed } from "./play-actions.ts";

test("what is allowed needs no excuse, what is not gets one that names the state", () => {
  assert.equal(whyNotAllowed("stop", "RUNNING"), undefined);
  assert.match(whyNotAllowed("stop", "STOPPED") ?? "", /STOPPED.*stop/);
  assert.match(whyNotAllowed("use", "STOPPED") ?? "", /machines are not running/);
});

test("a play that can be stopped cannot be restarted, and the other way round", () => {
  const both = allowedStates.stop.filter(state => (allowedStates.restart as readonly string[]).includes(state));
  assert.deepEqual(both, []);
});

test("nothing at all can be done to a destroyed play", () => {
  for (const verb of ["stop", "restart", "destroy", "use"] as const) assert.ok(whyNotAllowed(verb, "DESTROYED"));
});
