import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultGateway, hostsSeenFrom, nameservers } from "./names.ts";
import type { EgressPlan, InterfacePlan, NetworkPlan } from "./plan.ts";

const network = (name: string, index: number, isPrivate: boolean): NetworkPlan => ({
  name,
  bridge: `br${index}`,
  subnet: `10.0.${index}.0`,
  prefixLength: 24,
  gateway: `10.0.${index}.1`,
  gatewayMac: "02:00:00:00:00:00",
  private: isPrivate,
});
const networks = [network("front", 0, false), network("back", 1, true), network("side", 2, true)];
const egress = { resolver: "198.18.0.54" } as EgressPlan;

function member(name: string, ...joined: Array<[network: string, address: string]>) {
  const interfaces = joined.map(
    ([net, address], index): InterfacePlan => ({
      name: `eth${index}`,
      network: net,
      bridge: "br0",
      tap: "m0e0",
      mac: "02:00:00:00:00:01",
      address,
      prefixLength: 24,
    }),
  );
  return { name, interfaces };
}

const web = member("web", ["front", "10.0.0.2"], ["back", "10.0.1.2"]);
const db = member("db", ["back", "10.0.1.3"]);
const router = member("router", ["side", "10.0.2.9"], ["back", "10.0.1.9"], ["back", "10.0.1.10"]);

test("a name means the address on the first network both share", () => {
  assert.deepEqual(hostsSeenFrom(db, [web, db, router]), [
    { address: "10.0.0.2", names: ["web.front"] },
    { address: "10.0.1.2", names: ["web", "web.back"] },
    { address: "10.0.1.3", names: ["db", "db.back"] },
    { address: "10.0.2.9", names: ["router.side"] },
    { address: "10.0.1.9", names: ["router", "router.back"] },
  ]);
});

test("without a shared network it is the other's first interface, and a machine's own name its own first address", () => {
  const far = member("far", ["front", "10.0.0.7"]);
  assert.deepEqual(hostsSeenFrom(far, [far, router])[0]?.names, ["far", "far.front"]);
  assert.deepEqual(hostsSeenFrom(far, [far, router])[1], { address: "10.0.2.9", names: ["router", "router.side"] });
  assert.deepEqual(hostsSeenFrom(web, [web])[0], { address: "10.0.0.2", names: ["web", "web.front"] });
});

test("the way out is the first network that is not private", () => {
  assert.equal(defaultGateway(web.interfaces, networks), "10.0.0.1");
  assert.equal(defaultGateway(db.interfaces, networks), undefined);
});

test("private bridges are asked only when there is no other, and then with a second server beyond a route", () => {
  assert.deepEqual(nameservers(web.interfaces, networks, egress), ["10.0.0.1"]);
  assert.deepEqual(nameservers(db.interfaces, networks, egress), ["10.0.1.1", "198.18.0.54"]);
});
