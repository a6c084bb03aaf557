import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Manifest } from "../manifest/schema.ts";
import { createPlan, type PlanInput } from "./create-plan.ts";
import { netLab, smallHost } from "./fixtures.ts";
import { contains, formatAddress, parseAddress, parseSubnet } from "./ipv4.ts";

const input: PlanInput = {
  playId: "0123456789abcdef01234567",
  manifest: netLab,
  initConditions: { "Database engine": "pg" },
  host: smallHost,
};

test("the whole plan of two machines on two networks", t => {
  t.assert.snapshot(createPlan(input));
});

test("a plan is plain JSON and the same every time", () => {
  assert.deepEqual(JSON.parse(JSON.stringify(createPlan(input))), createPlan(input));
});

test("two plays of one playground differ in their MAC addresses only", () => {
  const other = createPlan({ ...input, playId: "ffffffffffffffffffffffff" });
  const text = JSON.stringify(other.machines.map(machine => machine.interfaces.map(({ mac }) => mac)));
  assert.notEqual(text, JSON.stringify(createPlan(input).machines.map(m => m.interfaces.map(({ mac }) => mac))));
  assert.deepEqual(
    other.machines.map(machine => machine.hosts),
    createPlan(input).machines.map(machine => machine.hosts),
  );
});

test("a kernel that is not here is named together with those that are", () => {
  const host = { ...smallHost, kernels: ["6.1"] };
  assert.throws(() => createPlan({ ...input, host }), {
    code: "manifest/kernel-unknown",
    message: "kernel 6.12 is not available here (available: 6.1)",
  });
});

test("any valid mix of networks: every address is in its subnet and nobody shares one", () => {
  const name = (index: number) => `n${index}`;
  const wishes = fc.record({
    prefixes: fc.array(fc.integer({ min: 26, max: 29 }), { minLength: 1, maxLength: 4 }),
    gateways: fc.array(fc.option(fc.integer({ min: 1, max: 5 })), { minLength: 4, maxLength: 4 }),
    machines: fc.array(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 1 }), {
      minLength: 1,
      maxLength: 5,
    }),
  });
  fc.assert(
    fc.property(wishes, ({ prefixes, gateways, machines }) => {
      const networks = prefixes.map((prefix, index) => {
        const gateway = gateways[index];
        return {
          name: name(index),
          subnet: `10.${index}.0.0/${prefix}`,
          ...(gateway == null ? {} : { gateway: `10.${index}.0.${gateway}` }),
        };
      });
      const plan = createPlan({
        ...input,
        manifest: withMachines(
          networks,
          machines.map(joined => joined.map(index => ({ network: name(index % prefixes.length) }))),
        ),
      });
      const all = [
        ...plan.networks.map(network => ({ network: network.name, address: network.gateway, mac: network.gatewayMac })),
        ...plan.machines.flatMap(machine => machine.interfaces),
      ];
      assert.equal(new Set(all.map(({ address }) => address)).size, all.length);
      assert.equal(new Set(all.map(({ mac }) => mac)).size, all.length);
      for (const { network, address } of all) {
        const { subnet, prefixLength } = plan.networks.find(each => each.name === network) ?? assert.fail();
        const range = parseSubnet(`${subnet}/${prefixLength}`);
        const number = parseAddress(address);
        assert.ok(contains(range, number) && number !== range.network && number !== range.broadcast, address);
        assert.equal(formatAddress(number), address);
      }
    }),
  );
});

function withMachines(
  networks: Manifest["playground"]["networks"],
  machines: Array<Manifest["playground"]["machines"][number]["network"]["interfaces"]>,
): Manifest {
  return {
    ...netLab,
    playground: {
      networks,
      machines: machines.map((interfaces, index) => ({
        name: `m${index}`,
        users: [{ name: "root" }],
        drives: [{ source: "debian-12", mount: "/" }],
        network: { interfaces },
      })),
      accessControl: netLab.playground.accessControl,
    },
  };
}
