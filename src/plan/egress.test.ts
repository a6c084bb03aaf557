import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseEgress } from "./egress.ts";

test("the uplink avoids the play's networks", () => {
  assert.deepEqual(chooseEgress(["172.16.0.0/24"], ["192.0.2.2"]), {
    address: "198.18.0.2",
    prefixLength: 24,
    gateway: "198.18.0.1",
    dns: "198.18.0.53",
    resolver: "198.18.0.54",
    hostAddresses: ["192.0.2.2"],
  });
  assert.equal(chooseEgress(["198.18.0.128/30"], []).gateway, "198.18.1.1");
  assert.equal(chooseEgress(["198.0.0.0/8"], []).gateway, "100.64.0.1");
  assert.equal(chooseEgress(["198.18.0.0/15", "100.64.0.0/10"], []).gateway, "10.0.0.1");
});

test("networks that cover every range are refused", () => {
  assert.throws(() => chooseEgress(["198.0.0.0/8", "100.0.0.0/8", "10.0.0.0/8"], []), {
    code: "network/no-egress-range",
  });
});
