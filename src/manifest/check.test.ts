import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { type CheckOptions, checkManifest } from "./check.ts";
import { dumpManifest } from "./dump.ts";
import { parseManifestBody, parseManifestYaml } from "./parse.ts";
import { manifestToPlaygroundJson } from "./playground-json.ts";
import type { Manifest } from "./schema.ts";
import { catalogued } from "./testing/case.ts";
import { sample } from "./testing/sample.ts";

const flexbox = catalogued("flexbox");
const access = { canList: ["owner"], canRead: ["owner"], canStart: ["owner"] };

function accepted(body: unknown, options: CheckOptions): Manifest {
  const { manifest, findings } = checkManifest(parseManifestBody(body), options);
  assert.deepEqual(
    findings.filter(finding => finding.severity === "error"),
    [],
  );
  assert.ok(manifest);
  return manifest;
}

function codes(body: unknown, options: CheckOptions): string[] {
  return checkManifest(parseManifestBody(body), options).findings.map(({ code, path }) => `${code} ${path}`);
}

const cluster: Manifest = accepted(
  {
    name: "cluster",
    title: "A cluster",
    categories: ["kubernetes"],
    networks: [{ name: "local", subnet: "172.16.0.0/24" }],
    machines: ["cplane-01", "node-01", "node-02"].map((name, index) => ({
      name,
      users: [{ name: "root" }],
      drives: [{ source: "debian-12", mount: "/", size: "20GiB" }],
      network: { interfaces: [{ network: "local", address: `172.16.0.${index + 2}` }] },
      resources: { cpuCount: 2, ramSize: "4GiB" },
      startupFiles: [
        { path: "/etc/motd", content: "base" },
        { path: "/etc/profile", content: "base", append: true },
      ],
    })),
    tabs: [
      { machine: "cplane-01" },
      { machine: "node-02" },
      { kind: "web-page", name: "Docs", url: "https://example.com" },
    ],
    initTasks: {
      join_1: { init: true, machine: "node-01", run: "join", needs: ["start"] },
      join_2: { init: true, machine: "node-02", run: "join", needs: ["start"] },
      start: { init: true, machine: "cplane-01", run: "start" },
      done: { init: true, machine: "cplane-01", run: "wait", needs: ["join_1", "join_2"] },
    },
    registryAuth: "someone:secret",
    accessControl: access,
  },
  { for: "create" },
);

test("create inherits networks, machines, tabs, categories and tasks, but not the card, access or secret", () => {
  const manifest = accepted({ name: "mine", title: "My own", accessControl: access }, { for: "create", base: cluster });
  assert.equal(manifest.name, "mine");
  assert.equal(manifest.base, "cluster");
  assert.deepEqual(manifest.categories, ["kubernetes"]);
  assert.deepEqual(manifest.playground.machines, cluster.playground.machines);
  assert.deepEqual(manifest.playground.tabs, cluster.playground.tabs);
  assert.deepEqual(manifest.playground.initTasks, cluster.playground.initTasks);
  assert.equal(manifest.playground.registryAuth, undefined);
  assert.deepEqual(codes({ name: "mine" }, { for: "create", base: cluster }), [
    "manifest/title-length title",
    "manifest/access-control playground.accessControl.canList",
    "manifest/access-control playground.accessControl.canRead",
    "manifest/access-control playground.accessControl.canStart",
  ]);
});

test("the official client's bodies with nulls create a clone", () => {
  const nulls = { categories: null, networks: null, machines: null, tabs: null, initTasks: null, initConditions: {} };
  const manifest = accepted(
    {
      name: "mine",
      base: "cluster",
      title: "My own",
      description: "",
      registryAuth: "",
      accessControl: access,
      ...nulls,
    },
    { for: "create", base: cluster },
  );
  assert.deepEqual(manifest.playground.machines, cluster.playground.machines);
});

test("a machine of another base is merged by name; a subset drops the rest and what points to it", () => {
  const manifest = accepted(
    {
      name: "mine",
      title: "My own",
      accessControl: access,
      machines: [
        { name: "node-01", resources: { cpuCount: 4 }, startupFiles: [{ path: "/etc/motd", content: "new" }] },
        { name: "cplane-01" },
      ],
    },
    { for: "create", base: cluster },
  );
  const [node, cplane] = manifest.playground.machines;
  assert.deepEqual(cplane, cluster.playground.machines[0]);
  assert.deepEqual(node, {
    ...cluster.playground.machines[1],
    resources: { cpuCount: 4, ramSize: "4GiB" },
    startupFiles: [
      { path: "/etc/profile", content: "base", append: true },
      { path: "/etc/motd", content: "new" },
    ],
  });
  assert.deepEqual(
    manifest.playground.tabs?.map(tab => tab.machine ?? tab.url),
    ["cplane-01", "https://example.com"],
  );
  assert.deepEqual(Object.keys(manifest.playground.initTasks ?? {}), ["join_1", "start", "done"]);
  assert.deepEqual(manifest.playground.initTasks?.done?.needs, ["join_1"]);
});

test("findings in startup files keep the paths of the document when the base has files too", () => {
  const machines = [
    {
      name: "node-01",
      startupFiles: [
        { path: "/a", content: "x", append: true },
        { path: "b", content: "x" },
      ],
    },
  ];
  assert.deepEqual(
    codes({ name: "mine", title: "My own", accessControl: access, machines }, { for: "create", base: cluster }),
    ["manifest/startup-file-path playground.machines[0].startupFiles[1].path"],
  );
});

test("flexbox takes any machines, each with all its parts", () => {
  const machine = {
    name: "any",
    users: [{ name: "root" }],
    drives: [{ source: "debian-12", mount: "/" }],
    network: { interfaces: [{ network: "local" }] },
  };
  const body = { name: "mine", title: "My own", accessControl: access };
  const manifest = accepted({ ...body, machines: [machine] }, { for: "create", base: flexbox });
  assert.deepEqual(manifest.playground.machines, [machine]);
  assert.deepEqual(manifest.playground.networks, flexbox.playground.networks);
  assert.deepEqual(manifest.playground.tabs, [{ kind: "terminal", machine: "any" }]);
  assert.deepEqual(codes({ ...body, machines: [{ name: "machine-01" }] }, { for: "create", base: flexbox }), [
    "manifest/machine-no-users playground.machines[0].users",
    "manifest/drive-count playground.machines[0].drives",
    "manifest/machine-no-network playground.machines[0].network",
  ]);
});

test("a playground without a machine that may be entered has no tabs, and can be updated like that", () => {
  const machine = {
    name: "any",
    users: [{ name: "root" }],
    drives: [{ source: "debian-12", mount: "/" }],
    network: { interfaces: [{ network: "local" }] },
    noSSH: true,
  };
  const manifest = accepted(
    { name: "mine", title: "My own", accessControl: access, machines: [machine] },
    { for: "create", base: flexbox },
  );
  assert.equal(manifest.playground.tabs, undefined);
  assert.deepEqual(
    accepted(manifestToPlaygroundJson(manifest), { for: "update", current: manifest, base: flexbox }),
    manifest,
  );
});

test("a start takes machines, networks, tabs and tasks for this play only", () => {
  const playground: Manifest = { ...cluster, name: "mine-1a2b3c4d", base: "cluster" };
  const manifest = accepted(
    { name: "x", title: "no", machines: [{ name: "cplane-01", backend: "firecracker" }], registryAuth: "a:b" },
    { for: "start", base: playground },
  );
  assert.deepEqual({ ...manifest, playground: undefined }, { ...playground, playground: undefined });
  assert.equal(manifest.playground.registryAuth, "someone:secret");
  assert.deepEqual(manifest.playground.machines, [{ ...cluster.playground.machines[0], backend: "firecracker" }]);
  assert.deepEqual(
    codes({ machines: [{ name: "node-03" }] }, { for: "start", base: playground })[0],
    "manifest/machine-not-in-base playground.machines[0].name",
  );
});

test("the machines of a play may be echoed back with one field changed", () => {
  const body = manifestToPlaygroundJson(cluster);
  const machines = body.machines.map(machine => ({ ...machine, backend: "cloud-hypervisor" }));
  assert.deepEqual(
    accepted({ machines }, { for: "start", base: cluster }).playground.machines,
    cluster.playground.machines.map(machine => ({ ...machine, backend: "cloud-hypervisor" })),
  );
});

test("an ad-hoc file starts flexbox with machines of its own", () => {
  const manifest = accepted({ machines: [{ ...cluster.playground.machines[1] }] }, { for: "start", base: flexbox });
  assert.deepEqual(
    manifest.playground.machines.map(machine => machine.name),
    ["node-01"],
  );
  assert.equal(manifest.name, "flexbox");
});

test("an update replaces everything, keeps name, base and cover, and clears what is absent", () => {
  const current: Manifest = {
    ...cluster,
    base: "flexbox",
    cover: "/content/c.png",
    description: "old",
    markdown: "old",
  };
  const { name: _, registryAuth: __, initTasks: ___, ...rest } = manifestToPlaygroundJson(current);
  const manifest = accepted(
    { ...rest, name: "other", base: "else", cover: "", markdown: "" },
    { for: "update", current },
  );
  assert.deepEqual(
    [manifest.name, manifest.base, manifest.cover, manifest.description, manifest.markdown],
    ["cluster", "flexbox", "/content/c.png", "old", undefined],
  );
  assert.equal(manifest.playground.initTasks, undefined);
  assert.equal(manifest.playground.registryAuth, undefined);
});

test("a masked secret is kept on update", () => {
  const body = { ...manifestToPlaygroundJson(cluster), registryAuth: "***" };
  assert.equal(accepted(body, { for: "update", current: cluster }).playground.registryAuth, "someone:secret");
});

test("an incomplete update names what is missing", () => {
  const { findings } = checkManifest(parseManifestBody({ title: "Some title" }), { for: "update", current: cluster });
  assert.equal(
    findings.find(({ code }) => code === "manifest/update-incomplete")?.message,
    'an update replaces everything: "networks", "machines", "tabs", "categories" and "accessControl" are missing. Dump the playground first and edit the dump',
  );
});

test("an update of a fixed base may leave out what a machine cannot be without, and clears the rest", () => {
  const body = {
    ...manifestToPlaygroundJson(cluster),
    machines: [{ name: "node-01" }],
    tabs: [{ machine: "node-01" }],
    initTasks: {},
  };
  const { users, drives, network } = cluster.playground.machines[1] ?? {};
  assert.deepEqual(accepted(body, { for: "update", current: cluster, base: cluster }).playground.machines, [
    { name: "node-01", users, drives, network },
  ]);
});

const builtIn = readdirSync(new URL("../../playgrounds/", import.meta.url)).map(file => file.replace(/\.yaml$/, ""));

for (const base of builtIn) {
  test(`dump, update, dump is the identity for ${base}, through YAML and JSON`, () => {
    const manifest = catalogued(base);
    const dumped = dumpManifest(manifest);
    const fromYaml = checkManifest(parseManifestYaml(dumped), { for: "update", current: manifest, base: manifest });
    assert.deepEqual(fromYaml, { manifest, findings: [] });
    assert.equal(dumpManifest(fromYaml.manifest), dumped);
    assert.equal(
      dumpManifest(accepted(manifestToPlaygroundJson(manifest), { for: "update", current: manifest })),
      dumped,
    );
  });
}

test("without a base, what a base would supply leaves the manifest incomplete but free of errors", () => {
  const text = sample.slice(0, sample.indexOf("  networks:")) + sample.slice(sample.indexOf("  machines:"));
  assert.deepEqual(checkManifest(parseManifestYaml(text), { for: "create" }), { manifest: undefined, findings: [] });
});
