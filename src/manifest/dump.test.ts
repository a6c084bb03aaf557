import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkManifest } from "./check.ts";
import { dumpManifest, withoutSecrets } from "./dump.ts";
import { parseManifestBody, parseManifestYaml } from "./parse.ts";
import { manifestToPlaygroundJson } from "./playground-json.ts";
import { type Manifest, manifestSchema } from "./schema.ts";

/** A manifest in which every field the schema knows has a value. */
const everything: Manifest = {
  name: "everything",
  base: "flexbox",
  title: "Everything at once",
  description: "All fields",
  cover: "https://example.com/cover.png",
  categories: ["linux", "networking"],
  markdown: "# Title\n\n- item\n\n    code\n",
  playground: {
    networks: [
      { name: "front", subnet: "10.0.1.0/24" },
      { name: "back", subnet: "10.0.2.0/24", gateway: "10.0.2.254", private: true },
    ],
    machines: [
      {
        name: "web-01",
        users: [
          { name: "root", welcome: "-" },
          { name: "laborant", default: true, welcome: "Hello\nthere\n" },
        ],
        backend: "qemu",
        kernel: { source: "6.10", snapshot: { id: "k1", leaseId: "l1" } },
        drives: [
          {
            source: "snapshot",
            mount: "/",
            size: "20GiB",
            filesystem: "ext4",
            persistent: true,
            snapshot: { id: "s1", leaseId: "l2" },
          },
          {
            source: "oci://ghcr.io/example/data:v1",
            mount: "/mnt/data",
            size: "1536MiB",
            filesystem: "xfs",
            readOnly: true,
          },
        ],
        network: { interfaces: [{ network: "front", address: "10.0.1.10/24" }, { network: "back" }] },
        resources: { cpuCount: 2, ramSize: "2GiB" },
        startupFiles: [{ path: "/etc/x", content: "yes", mode: "600", owner: "0:0", append: true }],
        noSSH: false,
      },
    ],
    tabs: [
      { id: "t", kind: "terminal", name: "1:30", machine: "web-01", pane: "left" },
      {
        kind: "http-port",
        name: "App",
        machine: "web-01",
        number: 80,
        access: "public",
        tls: true,
        hostRewrite: "a.b",
        pathRewrite: "/x",
      },
      { kind: "web-page", name: "Docs", url: "https://example.com" },
    ],
    initTasks: {
      a: {
        machine: "web-01",
        init: true,
        user: "laborant",
        timeout_seconds: 300,
        run: "echo a\necho b\n",
        conditions: [{ key: "a b", value: "no" }],
      },
      b: { machine: "web-01", init: true, needs: ["a"], run: "echo b" },
    },
    initConditions: {
      values: [
        { key: "a b", default: "yes", nullable: true, options: ["yes", "no", "1.30"], placeholder: "~" },
        { key: "repo", validationRegex: "^https://.*$" },
      ],
    },
    registryAuth: "someone:pa:ss",
    portForwards: [
      { kind: "local", machine: "web-01", localHost: "127.0.0.1", localPort: 8080, remoteHost: "h", remotePort: 80 },
    ],
    accessControl: { canList: ["owner"], canRead: ["anyone"], canStart: ["github:some-one"] },
  },
};

test("the fixture uses every field of the schema", () => {
  const written = new Set(JSON.stringify(everything).match(/"[A-Za-z_]+":/g));
  const known = JSON.stringify(manifestSchema.toJSONSchema()).matchAll(/"properties":\{("[A-Za-z_]+":)/g);
  for (const [, key = ""] of known) assert.ok(written.has(key), key);
});

test("dump, check, dump is the identity for a document that uses every field", () => {
  const dumped = dumpManifest(everything);
  const { manifest, findings } = checkManifest(parseManifestYaml(dumped), { for: "update", current: everything });
  assert.deepEqual(findings, []);
  assert.deepEqual(manifest, everything);
  assert.equal(dumpManifest(manifest), dumped);
});

test("the API form of every field comes back as the same manifest", () => {
  const json = JSON.parse(JSON.stringify(manifestToPlaygroundJson(everything)));
  assert.deepEqual(checkManifest(parseManifestBody(json), { for: "update", current: everything }), {
    manifest: everything,
    findings: [],
  });
});

test("keys stand in the order of the official client, whatever their order in the manifest", () => {
  const shuffled = JSON.parse(
    JSON.stringify(everything, (_, value: unknown) =>
      isRecord(value) ? Object.fromEntries(Object.entries(value).reverse()) : value,
    ),
  );
  assert.equal(dumpManifest(shuffled), dumpManifest(everything));
  const keys = dumpManifest(everything)
    .match(/^(?: {4})?[A-Za-z]+(?=:)/gm)
    ?.map(key => key.trim());
  assert.deepEqual(keys, [
    ..."kind name base title description cover categories markdown playground".split(" "),
    ..."networks machines tabs initTasks initConditions registryAuth portForwards accessControl".split(" "),
  ]);
});

const isRecord = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

test("unknown fields survive dump and check", () => {
  const extended = {
    ...everything,
    later: { version: "1.30", on: true },
    playground: { ...everything.playground, zone: "0755" },
  };
  const { manifest, findings } = checkManifest(parseManifestYaml(dumpManifest(extended)), {
    for: "update",
    current: everything,
  });
  assert.deepEqual(manifest, extended);
  assert.deepEqual(
    findings.map(({ code, path }) => ({ code, path })),
    [
      { code: "manifest/unknown-field", path: "playground.zone" },
      { code: "manifest/unknown-field", path: "later" },
    ],
  );
});

test("any text survives a dump", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme", minLength: 1 }),
    fc
      .array(
        fc.constantFrom("a", " ", "\n", "\t", "\r", "-", "#", ":", "'", '"', "yes", "0644", "~", "|", "%", "@", "é"),
        { minLength: 1, maxLength: 12 },
      )
      .map(parts => parts.join("")),
  );
  fc.assert(
    fc.property(
      text.filter(value => value.isWellFormed() && !value.includes("\0")),
      value => {
        const manifest = structuredClone(everything);
        const [machine] = manifest.playground.machines;
        machine?.startupFiles?.splice(0, 1, { path: "/a", content: value });
        const parsed = parseManifestYaml(dumpManifest(manifest));
        assert.equal(parsed.input?.playground?.machines?.[0]?.startupFiles?.[0]?.content, value);
        assert.equal(dumpManifest(parsed.input as Manifest), dumpManifest(manifest));
      },
    ),
    { numRuns: 100 },
  );
});

test("people who do not own a playground see a mask instead of its secret", () => {
  assert.equal(withoutSecrets(everything).playground.registryAuth, "***");
  assert.ok(!dumpManifest(withoutSecrets(everything)).includes("pa:ss"));
  assert.equal(everything.playground.registryAuth, "someone:pa:ss");
});
