import assert from "node:assert/strict";
import { test } from "node:test";
import { mountUnit } from "./mount-unit.ts";

test("units of mount points have the names that systemd gives them", () => {
  const units = {
    "/var/lib/records": "var-lib-records.mount",
    "/srv/my-data": "srv-my\\x2ddata.mount",
    "/.hidden/.too": "\\x2ehidden-.too.mount",
    "/a_b:c.d/E9": "a_b:c.d-E9.mount",
    "/two words/é\\@": "two\\x20words-\\xc3\\xa9\\x5c\\x40.mount",
  };
  for (const [mountPoint, unit] of Object.entries(units)) assert.equal(mountUnit(mountPoint), unit);
});
