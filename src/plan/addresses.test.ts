import assert from "node:assert/strict";
import { test } from "node:test";
import { allocateAddresses } from "./addresses.ts";

const machine = (name: string, ...interfaces: Array<{ network: string; address?: string }>) => ({ name, interfaces });
const local = { name: "local", subnet: "172.16.0.0/24" };

function flat(addresses: ReturnType<typeof allocateAddresses>): string[] {
  return addresses.interfaces.map(each => each.map(entry => `${entry.address}/${entry.prefixLength}`).join(" "));
}

test("one /24: the gateway is .1, machines follow in list order", () => {
  const addresses = allocateAddresses(
    [local],
    [machine("a", { network: "local" }), machine("b", { network: "local" })],
  );
  assert.deepEqual(addresses.networks.get("local"), { subnet: "172.16.0.0", prefixLength: 24, gateway: "172.16.0.1" });
  assert.deepEqual(flat(addresses), ["172.16.0.2/24", "172.16.0.3/24"]);
});

test("static addresses come first, wherever they stand in the list", () => {
  const addresses = allocateAddresses(
    [local],
    [
      machine("a", { network: "local" }),
      machine("b", { network: "local", address: "172.16.0.1" }),
      machine("c", { network: "local", address: "172.16.0.3/16" }),
      machine("d", { network: "local" }),
    ],
  );
  assert.equal(addresses.networks.get("local")?.gateway, "172.16.0.2");
  assert.deepEqual(flat(addresses), ["172.16.0.4/24", "172.16.0.1/24", "172.16.0.3/16", "172.16.0.5/24"]);
});

test("an explicit gateway at .2 leaves .1 to the first machine", () => {
  const addresses = allocateAddresses(
    [{ ...local, gateway: "172.16.0.2" }],
    [machine("a", { network: "local" }), machine("b", { network: "local" })],
  );
  assert.deepEqual(flat(addresses), ["172.16.0.1/24", "172.16.0.3/24"]);
});

test("host bits of a subnet are masked off; three networks keep apart", () => {
  const networks = [
    { name: "a", subnet: "10.0.0.77/24" },
    { name: "b", subnet: "10.1.0.0/16" },
    { name: "c", subnet: "192.168.5.128/25" },
  ];
  const addresses = allocateAddresses(networks, [
    machine("m", { network: "c" }, { network: "a" }, { network: "b" }, { network: "a" }),
  ]);
  assert.deepEqual(flat(addresses), ["192.168.5.130/25 10.0.0.2/24 10.1.0.2/16 10.0.0.3/24"]);
});

test("an exhausted /30 says which network and who got nothing", () => {
  const small = { name: "p2p", subnet: "10.0.0.0/30" };
  assert.throws(
    () => allocateAddresses([small], [machine("a", { network: "p2p" }), machine("b", { network: "p2p" })]),
    {
      code: "manifest/interface-address",
      message: 'network "p2p" (10.0.0.0/30) has no free address left for machine "b"',
    },
  );
});

test("an address outside, reserved or given twice is refused", () => {
  const asking =
    (...addresses: string[]) =>
    () =>
      allocateAddresses(
        [local],
        addresses.map((address, i) => machine(`m${i}`, { network: "local", address })),
      );
  assert.throws(asking("172.16.1.5"), { message: /not a host address of network "local" \(172\.16\.0\.0\/24\)/ });
  assert.throws(asking("172.16.0.255"), { code: "manifest/interface-address" });
  assert.throws(asking("172.16.0.9", "172.16.0.9"), {
    message: '172.16.0.9 belongs to the machine "m0" and to the machine "m1"',
  });
});
