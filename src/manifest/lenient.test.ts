import assert from "node:assert/strict";
import { test } from "node:test";
import { stringify } from "yaml";
import type { Finding } from "./finding.ts";
import { parseManifestBody, parseManifestJson, parseManifestYaml } from "./parse.ts";
import type { ManifestInput } from "./schema.ts";

interface Row {
  /** A value of JSON, or a YAML text where only its spelling matters. */
  json?: unknown;
  yaml: string;
  /** The canonical value; undefined: refused. */
  reads: unknown;
  warns?: boolean;
}

const sizes: readonly Row[] = [
  ...["10GiB", "10GIB", "10gib", "10Gi", "10G", "10GB", "10g", "10 GiB"].map(text => ({
    json: text,
    yaml: text,
    reads: "10GiB",
  })),
  { json: "1.5GiB", yaml: "1.5GiB", reads: "1536MiB" },
  { json: "0.5G", yaml: "0.5G", reads: "512MiB" },
  { json: "1.0001GiB", yaml: "1.0001GiB", reads: "1025MiB" },
  { json: "4096MiB", yaml: "4096MiB", reads: "4GiB" },
  { json: "1024G", yaml: "1024G", reads: "1TiB" },
  { json: "1K", yaml: "1K", reads: "1MiB" },
  { json: "10Gb", yaml: "10Gb", reads: "10GiB", warns: true },
  ...[2048, 2, "2048"].map(value => ({ json: value, yaml: String(value), reads: undefined })),
  ...["1,5GiB", "-1GiB", "1e3M", "10Gbit", "ten", "GiB", "1.GiB", "."].map(text => ({
    json: text,
    yaml: `'${text}'`,
    reads: undefined,
  })),
];

const modes: readonly Row[] = [
  { yaml: "0644", reads: "644" },
  { yaml: "0o644", reads: "644" },
  { yaml: "644", json: 644, reads: "644" },
  { yaml: "'0600'", json: "0600", reads: "600" },
  { yaml: "1777", json: "1777", reads: "1777" },
  { yaml: "420", json: 420, reads: "420", warns: true },
  { yaml: "888", json: 888, reads: undefined },
  { yaml: "64", json: 64, reads: undefined },
];

const texts: readonly Row[] = [
  { yaml: "6.10", reads: "6.10" },
  { yaml: "1.30", reads: "1.30" },
  { yaml: "yes", json: "yes", reads: "yes" },
  { yaml: "on", json: "on", reads: "on" },
  { yaml: "true", json: true, reads: "true" },
  { yaml: "123", json: 123, reads: "123" },
  { yaml: "null", json: null, reads: "absent" },
  { yaml: "~", json: null, reads: "absent" },
  { yaml: "", json: "", reads: "absent" },
  { yaml: "'null'", json: "null", reads: "null" },
  { yaml: "123:45", json: "123:45", reads: "123:45" },
  { yaml: "2024-01-01", json: "2024-01-01", reads: "2024-01-01" },
  { yaml: "0x1F", reads: "0x1F" },
  { yaml: "[a]", json: ["a"], reads: undefined },
];

const flags: readonly Row[] = [
  ...["true", "yes", "on", "y", "Yes", "TRUE"].map(text => ({ yaml: text, json: text, reads: true })),
  ...["false", "no", "off", "n", "No", "OFF"].map(text => ({ yaml: text, json: text, reads: false })),
  { yaml: "true", json: true, reads: true },
  { yaml: "1", json: 1, reads: undefined },
  { yaml: "maybe", json: "maybe", reads: undefined },
];

const integers: readonly Row[] = [
  { yaml: "300", json: 300, reads: 300 },
  { yaml: '"300"', json: "300", reads: 300 },
  { yaml: "2.0", json: 2, reads: 2 },
  { yaml: "0300", json: "0300", reads: 300, warns: true },
  { yaml: "5m", json: "5m", reads: 300, warns: true },
  { yaml: "1.5", json: 1.5, reads: undefined },
  { yaml: "1e3", json: "1e3", reads: undefined },
  { yaml: "0x10", json: "0x10", reads: undefined },
  { yaml: "99999999999999999999", json: 1e20, reads: undefined },
];

/** Where a row of a kind is put, and how it is found again. */
const fields: Record<
  string,
  { put: (value: unknown) => object; get: (input: ManifestInput) => unknown; rows: readonly Row[] }
> = {
  size: {
    put: value => ({ machines: [{ name: "a", drives: [{ mount: "/", size: value }] }] }),
    get: input => input.playground?.machines?.[0]?.drives?.[0]?.size,
    rows: sizes,
  },
  mode: {
    put: value => ({ machines: [{ name: "a", startupFiles: [{ path: "/a", mode: value }] }] }),
    get: input => input.playground?.machines?.[0]?.startupFiles?.[0]?.mode,
    rows: modes,
  },
  text: {
    put: value => ({ machines: [{ name: "a", kernel: { source: value } }] }),
    get: input => input.playground?.machines?.[0]?.kernel?.source ?? "absent",
    rows: texts,
  },
  flag: {
    put: value => ({ machines: [{ name: "a", noSSH: value }] }),
    get: input => input.playground?.machines?.[0]?.noSSH,
    rows: flags,
  },
  integer: {
    put: value => ({ initTasks: { t: { run: "x", timeout_seconds: value } } }),
    get: input => input.playground?.initTasks?.t?.timeout_seconds,
    rows: integers,
  },
};

function assertRow(
  row: Row,
  get: (input: ManifestInput) => unknown,
  input: ManifestInput | undefined,
  findings: readonly Finding[],
) {
  const errors = findings.filter(finding => finding.severity === "error");
  const warnings = findings.filter(finding => finding.severity === "warning");
  const shown = JSON.stringify(findings);
  assert.ok(input);
  if (row.reads === undefined) {
    assert.equal(errors.length, 1, shown);
    return;
  }
  assert.deepEqual(errors, []);
  assert.equal(get(input), row.reads, shown);
  assert.equal(warnings.length, row.warns ? 1 : 0, shown);
}

for (const [kind, { put, get, rows }] of Object.entries(fields)) {
  for (const row of rows) {
    test(`${kind} ${row.yaml || '""'} in YAML`, () => {
      const text = stringify({ kind: "playground", playground: put("@@") }).replace(/"@@"/, () => row.yaml);
      const { input, findings } = parseManifestYaml(text);
      assertRow(row, get, input, findings);
    });
    if (!("json" in row)) continue;
    test(`${kind} ${JSON.stringify(row.json)} in JSON`, () => {
      const { input, findings } = parseManifestJson({ playground: put(row.json) });
      assertRow(row, get, input, findings);
    });
  }
}

test("a bare number proposes the sizes it may mean", () => {
  const body = { machines: [{ name: "a", drives: [{ size: 2048 }, { size: 2 }, { size: 2147483648 }] }] };
  assert.deepEqual(
    parseManifestBody(body).findings.map(finding => finding.suggestion),
    ["2048MiB", "2GiB", "2GiB"],
  );
});

test("options keep their spelling", () => {
  const { input } = parseManifestYaml(
    "kind: playground\nplayground: {initConditions: {values: [{key: no, default: 1.30, options: [1.30, 1.31]}]}}",
  );
  assert.deepEqual(input?.playground?.initConditions?.values, [
    { key: "no", default: "1.30", options: ["1.30", "1.31"] },
  ]);
});

test("anchors, aliases, merges, a BOM and CRLF are accepted", () => {
  const text =
    "\u{FEFF}kind: playground\r\nplayground:\r\n  machines:\r\n    - &a\r\n      name: a\r\n      noSSH: true\r\n    - <<: *a\r\n      name: b\r\n";
  const { input, findings } = parseManifestYaml(new TextEncoder().encode(text));
  assert.deepEqual(findings, []);
  assert.deepEqual(input?.playground?.machines, [
    { name: "a", noSSH: true },
    { name: "b", noSSH: true },
  ]);
});

test("null lists and maps are absent, and so are empty objects", () => {
  const body = {
    name: "a",
    categories: null,
    networks: null,
    machines: null,
    tabs: null,
    initTasks: null,
    initConditions: {},
    registryAuth: "",
    accessControl: {},
    markdown: "",
  };
  assert.deepEqual(parseManifestBody(body), {
    input: { name: "a" },
    findings: [],
    positions: new Map(),
    unreadable: new Set(),
  });
});

test("both known clients are understood", () => {
  const { input, findings } = parseManifestBody({
    machines: [{ name: "a", noSsh: true, network: { interfaces: null }, resources: { cpuCount: 0, ramSize: "2Gi" } }],
    initTasks: { t: { name: "t", init: true, run: "x", timeoutSeconds: 5, status: 0 } },
    portForwards: [{ kind: "local", machine: "a", localhost: "b", remoteport: 80 }],
    pageUrl: "http://x",
  });
  assert.deepEqual(findings, []);
  assert.deepEqual(input?.playground, {
    machines: [{ name: "a", resources: { ramSize: "2GiB" }, noSSH: true }],
    initTasks: { t: { init: true, timeout_seconds: 5, run: "x" } },
    portForwards: [{ kind: "local", machine: "a", localHost: "b", remotePort: 80 }],
  });
});

test("a bare machine is a terminal", () => {
  const { input } = parseManifestBody({ tabs: [{ machine: "a" }, { kind: "", machine: "b" }] });
  assert.deepEqual(input?.playground?.tabs, [
    { kind: "terminal", machine: "a" },
    { kind: "terminal", machine: "b" },
  ]);
});

test("unknown fields are kept with their text, at every level", () => {
  const { input, findings } = parseManifestYaml(`kind: playground
extra: {version: 1.30, list: [007, 1]}
playground:
  machines:
    - name: a
      gpu: {count: 2}
`);
  const plain = input as unknown as { extra: unknown; playground: { machines: { gpu: unknown }[] } };
  assert.deepEqual(plain.extra, { version: "1.30", list: ["007", 1] });
  assert.deepEqual(plain.playground.machines[0]?.gpu, { count: 2 });
  assert.deepEqual(
    findings.map(({ code, path, line }) => ({ code, path, line })),
    [
      { code: "manifest/unknown-field", path: "extra", line: 2 },
      { code: "manifest/unknown-field", path: "playground.machines[0].gpu", line: 6 },
    ],
  );
});

test("the names of object methods are ordinary unknown fields", () => {
  const { input } = parseManifestJson(JSON.parse('{"playground":{"__proto__":{"machines":[1]},"constructor":1}}'));
  assert.equal(Object.getPrototypeOf(input?.playground), Object.prototype);
  assert.deepEqual(Object.keys(input?.playground ?? {}), ["__proto__", "constructor"]);
});

test("an empty list is absent where it says nothing, and kept where it is a statement", () => {
  const { input } = parseManifestBody({
    categories: [],
    machines: [{ name: "a", users: [], startupFiles: [] }],
    tabs: [],
    initTasks: { t: { run: "x", needs: [], conditions: [] } },
    initConditions: { values: [] },
    portForwards: [],
  });
  assert.deepEqual(input, {
    categories: [],
    playground: { machines: [{ name: "a", users: [] }], tabs: [], initTasks: { t: { run: "x" } } },
  });
});
