import assert from "node:assert/strict";
import { test } from "node:test";
import { checkManifest } from "./check.ts";
import { parseManifestYaml } from "./parse.ts";

const flowStyle = `kind: playground
name: two
title: Two tiers
categories: [linux]
playground:
  networks: [{name: local, subnet: 172.16.0.0/24}]
  machines: [
    {name: web, users: [{name: root, default: true, welcome: '-'}],
     drives: [{source: debian-12, mount: /, size: 10GiB}, {mount: /a, size: 1GiB, filesystem: xfs},
              {mount: /b, size: 1GiB, readOnly: true}],
     network: {interfaces: [{network: local, address: 172.16.0.9}]},
     resources: {cpuCount: 2, ramSize: 2GiB}, kernel: {source: "6.1"},
     startupFiles: [{path: /x, content: hi, mode: "600", owner: root}]},
    {name: db, users: [{name: root}], drives: [{source: debian-12, mount: /}],
     network: {interfaces: [{network: local}]}, resources: {cpuCount: 1, ramSize: 1GiB}}
  ]
  tabs: [{machine: web}]
  accessControl: {canList: [owner], canRead: [owner], canStart: [owner]}
`;

const fiveMachines = {
  kind: "playground",
  name: "five",
  title: "Five machines",
  categories: ["linux"],
  playground: {
    networks: [{ name: "local", subnet: "172.16.0.0/24" }],
    machines: Array.from({ length: 5 }, (_, index) => ({
      name: `node-${index + 1}`,
      users: [{ name: "root", default: true, welcome: "-" }],
      drives: [
        { source: "debian-12", mount: "/", size: "10GiB" },
        { mount: "/data", size: "1GiB", filesystem: "xfs" },
      ],
      network: { interfaces: [{ network: "local", address: `172.16.0.${index + 10}` }] },
      resources: { cpuCount: 1, ramSize: "1GiB" },
    })),
    tabs: [{ kind: "terminal", machine: "node-1" }],
    accessControl: { canList: ["owner"], canRead: ["owner"], canStart: ["owner"] },
  },
};

for (const [name, text] of [
  ["flow style", flowStyle],
  ["compact JSON", JSON.stringify(fiveMachines)],
  ["indented JSON", JSON.stringify(fiveMachines, undefined, 2)],
  ["flow style on one line of a block document", flowStyle.replace(/(?<=machines: \[[^]*)\n(?=[^]*\n {2}tabs)/g, "")],
] as const) {
  test(`a document in ${name} is read like any other`, () => {
    const { manifest, findings } = checkManifest(parseManifestYaml(text), { for: "create" });
    assert.deepEqual(findings, []);
    assert.ok(manifest);
  });
}

test("a bracket that nobody closes is reported as that, however long the text goes on", () => {
  const text = `categories:\n  - [linux\n${Array.from({ length: 50 }, (_, index) => `k${index}: 1\n`).join("")}`;
  const [finding] = parseManifestYaml(text).findings;
  assert.match(finding?.message ?? "", /^line 3, column 1: .*and end with a \]/);
});
