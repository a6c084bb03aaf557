import assert from "node:assert/strict";
import { test } from "node:test";
import { createPlan } from "../plan/create-plan.ts";
import { netLab, smallHost } from "../plan/fixtures.ts";
import { egressArguments } from "./egress.ts";
import { renderLinkRemoval, renderLinks } from "./links.ts";
import { nameServers } from "./resolver.ts";
import { renderRules } from "./rules.ts";

const plan = createPlan({
  playId: "0123456789abcdef01234567",
  manifest: netLab,
  initConditions: { "Database engine": "pg" },
  host: smallHost,
});

test("the packet filter of two networks, one of them private", t => {
  t.assert.snapshot(renderRules(plan).split("\n"));
});

test("bridges and taps, and their removal", t => {
  t.assert.snapshot(renderLinks(plan));
  t.assert.snapshot(renderLinkRemoval(plan));
});

test("a name server for the open network and one for the private", t => {
  t.assert.snapshot(nameServers(plan));
});

test("a play with private networks only has no name server that asks further", () => {
  const closed = { ...plan, networks: plan.networks.map(network => ({ ...network, private: true })) };
  assert.deepEqual(
    nameServers(closed).map(({ policy }) => policy),
    ["private"],
  );
  assert.ok(!nameServers(closed).some(({ argv }) => argv.some(argument => argument.startsWith("--server"))));
  assert.ok(!renderRules(closed).includes("@blocked accept"));
});

test("pasta maps nothing of the host into the play, as root and as an ordinary user", () => {
  const ordinary = egressArguments(plan, 1000);
  for (const option of ["--no-map-gw", "--ipv4-only", "--config-net"]) assert.ok(ordinary.includes(option));
  for (const option of ["--tcp-ports", "--udp-ports", "--tcp-ns", "--udp-ns"]) {
    assert.equal(ordinary[ordinary.indexOf(option) + 1], "none");
  }
  assert.ok(!ordinary.includes("--runas"));
  assert.deepEqual(egressArguments(plan, 0), [...ordinary, "--runas", "0"]);
  // The launcher splits them at blanks.
  assert.ok(ordinary.every(argument => !/\s/.test(argument) && argument !== "--"));
});
