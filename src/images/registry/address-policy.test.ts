import assert from "node:assert/strict";
import { test } from "node:test";
import { addressKind, mayRefer } from "./address-policy.ts";

test("addresses are told apart in every spelling", () => {
  const kinds: Array<[string, string]> = [
    ["93.184.216.34", "public"],
    ["[2606:2800:220:1::1]", "public"],
    ["10.1.2.3", "private"],
    ["192.168.0.1", "private"],
    ["100.64.0.1", "private"],
    ["fd00::1", "private"],
    ["127.0.0.1", "loopback"],
    ["::1", "loopback"],
    ["::ffff:127.0.0.1", "loopback"],
    ["::ffff:169.254.169.254", "forbidden"],
    ["169.254.169.254", "forbidden"],
    ["fe80::1%eth0", "forbidden"],
    ["64:ff9b::a9fe:a9fe", "forbidden"],
    ["64:ff9b::5db8:d822", "public"],
    ["0.0.0.0", "forbidden"],
    ["224.0.0.1", "forbidden"],
    ["not an address", "forbidden"],
  ];
  for (const [address, kind] of kinds) assert.equal(addressKind(address), kind, address);
});

test("nobody is sent to a place more private than the registry's own", () => {
  assert.ok(mayRefer("public", "public"));
  assert.ok(!mayRefer("public", "private"));
  assert.ok(!mayRefer("public", "loopback"));
  assert.ok(mayRefer("private", "private"));
  assert.ok(!mayRefer("private", "loopback"));
  assert.ok(mayRefer("loopback", "loopback"));
  assert.ok(!mayRefer("loopback", "forbidden"));
});
