import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readBuiltIn } from "./built-in.ts";
import { type CheckOptions, checkManifest } from "./check.ts";
import { areDefaultTabs, defaultTabs, noOffers } from "./default-tabs.ts";
import { parseManifestBody } from "./parse.ts";
import type { Manifest, Tab } from "./schema.ts";

const accessControl = { canList: ["owner"], canRead: ["owner"], canStart: ["owner"] };
const all = { ide: true, kexp: true };

function builtIn(name: string): { manifest: Manifest; options: CheckOptions } {
  const source = readFileSync(new URL(`../../playgrounds/${name}.yaml`, import.meta.url));
  const { manifest, offers } = readBuiltIn(source);
  assert.ok(manifest);
  return { manifest, options: { for: "create", base: manifest, offers } };
}

function derived(base: string, parts: object): Manifest {
  const body = { name: "mine", title: "A playground of mine", accessControl, ...parts };
  const { manifest, findings } = checkManifest(parseManifestBody(body), builtIn(base).options);
  assert.ok(manifest, JSON.stringify(findings));
  return manifest;
}

const kinds = (tabs: Tab[] | undefined) => (tabs ?? []).map(({ kind, machine }) => `${kind} ${machine}`);

test("IDE on the first machine that may be entered, a terminal for each of them, the explorer on the first of all", () => {
  const machines = [{ name: "vault", noSSH: true }, { name: "dev" }, { name: "box" }];
  assert.deepEqual(kinds(defaultTabs(machines, all)), ["ide dev", "terminal dev", "terminal box", "kexp vault"]);
  assert.deepEqual(kinds(defaultTabs(machines, noOffers)), ["terminal dev", "terminal box"]);
  assert.deepEqual(kinds(defaultTabs(machines.slice(0, 1), { ...all, kexp: false })), []);
});

test("a list that says more than the defaults is the author's own", () => {
  const machines = [{ name: "dev" }];
  assert.ok(areDefaultTabs(defaultTabs(machines, all), machines, all));
  assert.ok(!areDefaultTabs(defaultTabs(machines, all), machines, noOffers));
  assert.ok(!areDefaultTabs([{ kind: "terminal", machine: "dev", name: "Shell" }], machines, noOffers));
  assert.ok(!areDefaultTabs([{ kind: "terminal", machine: "dev" }, { kind: "ide" }], machines, noOffers));
});

test("bases show what their images bring", () => {
  const tabsOf = (name: string) => kinds(builtIn(name).manifest.playground.tabs);
  assert.deepEqual(tabsOf("docker"), ["ide docker-01", "terminal docker-01"]);
  assert.deepEqual(tabsOf("alpine"), ["terminal alpine-01"]);
  assert.deepEqual(tabsOf("flexbox"), ["terminal machine-01"]);
  assert.deepEqual(tabsOf("k3s"), [
    "ide dev-machine",
    "terminal dev-machine",
    "terminal cplane-01",
    "terminal node-01",
    "terminal node-02",
    "kexp dev-machine",
  ]);
});

test("a subset of the cluster keeps its addresses and gets the tabs of what is left", () => {
  const { playground } = derived("k3s", { machines: [{ name: "cplane-01" }, { name: "node-02", noSSH: true }] });
  assert.deepEqual(
    playground.machines.map(machine => machine.network.interfaces[0]?.address),
    ["172.16.0.2", "172.16.0.4"],
  );
  assert.deepEqual(kinds(playground.tabs), ["ide cplane-01", "terminal cplane-01", "kexp cplane-01"]);
});

test("machines put into flexbox get terminals of their own, also when one is called like the base's", () => {
  const machine = (name: string) => ({
    name,
    users: [{ name: "root" }],
    drives: [{ source: "debian-12", mount: "/" }],
    network: { interfaces: [{ network: "local" }] },
  });
  const { playground } = derived("flexbox", { machines: [machine("machine-01"), machine("db-01")] });
  assert.deepEqual(kinds(playground.tabs), ["terminal machine-01", "terminal db-01"]);
});

test("tabs an author wrote are inherited without those of machines that are gone", () => {
  const tabs = [{ machine: "node-01" }, { machine: "cplane-01" }, { kind: "kexp", machine: "dev-machine" }];
  const parent = derived("k3s", { tabs });
  const { manifest } = checkManifest(
    parseManifestBody({ name: "child", title: "A child of it", accessControl, machines: [{ name: "cplane-01" }] }),
    { ...builtIn("k3s").options, base: parent },
  );
  assert.deepEqual(kinds(manifest?.playground.tabs), ["terminal cplane-01"]);
});

test("a file that offers what nobody knows is refused, and `offers` never becomes part of the manifest", () => {
  const source = readFileSync(new URL("../../playgrounds/docker.yaml", import.meta.url), "utf8");
  const { manifest } = readBuiltIn(source);
  assert.ok(manifest && !("offers" in manifest));
  const misspelt = readBuiltIn(source.replace("offers: [ide]", "offers: [idea]"));
  assert.equal(misspelt.manifest, undefined);
  assert.match(misspelt.findings[0]?.message ?? "", /offers must be a list of: ide, kexp/);
});
