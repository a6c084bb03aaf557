import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkManifest } from "./check.ts";
import { limits } from "./limits.ts";
import { parseManifestBody, parseManifestJson, parseManifestYaml } from "./parse.ts";
import { manifestSchema } from "./schema.ts";
import { sample } from "./testing/sample.ts";

const repeated = (text: string, count: number) => text.repeat(count);

/** Sources that must be refused with one clear finding each, at once, whatever the parser would make of them. */
const refused: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
  ["nothing", "", /the document is empty/],
  ["only a comment", "# hello\n", /the document is empty/],
  ["an image", new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0xff, 0xfe]), /not UTF-8/],
  ["UTF-16", new Uint8Array([0xff, 0xfe, 0x6b, 0x00]), /not UTF-8/],
  ["a lone surrogate", "title: \ud800", /lone surrogate/],
  ["a NUL byte", "title: a\nname: b\0c", /line 2, column 8: .*NUL/],
  ["ten megabytes", repeated("x", 10_000_000), /9.5 MiB, the limit is 1 MiB/],
  ["ten megabytes of bytes", new Uint8Array(10_000_000), /9.5 MiB, the limit is 1 MiB/],
  ["a megabyte of brackets", repeated("[", 1 << 20), /nested deeper than 32/],
  ["a megabyte of objects", repeated("{a: ", 1 << 18), /nested deeper than 32/],
  ["a megabyte of dashes", repeated("- ", 1 << 19), /nested deeper than 32/],
  ["a megabyte of dashes in brackets", `[${repeated("- ", 500_000)}]`, /nested deeper than 32/],
  ["a run of colons", repeated("a: ", 100_000), /nested deeper than 32/],
  ["a run of colons in brackets", `[a${repeated(": b", 100_000)}]`, /nested deeper than 32/],
  ["a run of colons in braces", `{${repeated('"a":', 100_000)}1}`, /nested deeper than 32/],
  ["a run of colons on lines in braces", `{${repeated("a:\n ", 100_000)}1}`, /nested deeper than 32/],
  ["a run of question marks", repeated("? ", 1 << 19), /nested deeper than 32/],
  ["a run of question marks in brackets", `[${repeated("? ", 500_000)}]`, /nested deeper than 32/],
  ["a few colons in each of twenty brackets", repeated("[a: b: c: ", 20), /nested deeper than 32/],
  ["a run of colons after brackets", `[a]${repeated(": b", 100_000)}`, /nested deeper than 32/],
  [
    "a staircase",
    Array.from({ length: 40 }, (_, depth) => `${repeated(" ", depth)}a:\n`).join(""),
    /nested deeper than 32/,
  ],
  ["a million values", `[${repeated("1,", 500_000)}]`, /more than 20000 values/],
  [
    "a hundred thousand keys",
    Array.from({ length: 100_000 }, (_, index) => `k${index}:\n`).join(""),
    /more than 20000 values/,
  ],
  ["an alias to itself", "a: &a [*a]", /stands for a part of itself/],
  ["an alias without anchor", "a: *b", /alias/],
  ["an alias bomb", bomb(), /aliases more than 100 times/],
  ["a quadratic bomb", `a: &a [${repeated("x,", 5000)}]\nb: [${repeated("*a,", 90)}]`, /more than 20000 values/],
  ["two documents", "a: 1\n---\nb: 2\n", /single document/],
  ["a tag", "a: !!js/function 'x'", /tag !!js\/function is not accepted/],
  ["a tab", "a:\n\tb: 1", /tabs cannot be used for indentation/],
  ["an open quote", 'title: "x', /missing closing/i],
  ["a reserved character", "description: @x", /cannot start with "@"; quote the value/],
  ["a backtick", "description: `x`", /cannot start with "`"; quote the value/],
  ["a percent sign", "description: %x", /quote the value/],
  ["a key that is a list", "? [a]\n: 1", /a key must be text/],
];

function bomb(): string {
  const names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
  return names
    .map(
      (name, index) =>
        `${name}: &${name} [${Array(9)
          .fill(index === 0 ? "x" : `*${names[index - 1]}`)
          .join(",")}]\n`,
    )
    .join("");
}

for (const [name, source, says] of refused) {
  test(`${name} is refused`, () => {
    const startedAt = performance.now();
    const { input, findings } = parseManifestYaml(source);
    assert.equal(input, undefined);
    assert.equal(findings.length, 1, JSON.stringify(findings));
    assert.equal(findings[0]?.code, "manifest/yaml-syntax");
    assert.match(findings[0]?.message ?? "", says);
    assert.equal(checkManifest(parseManifestYaml(source), { for: "create" }).manifest, undefined);
    assert.ok(performance.now() - startedAt < 5000);
  });
}

for (const [name, value] of [
  ["a list", []],
  ["a string", "x"],
  ["null", null],
  ["undefined", undefined],
  ["a function", () => 1],
  ["a big integer", 1n],
] as const) {
  test(`${name} is no manifest`, () => {
    const { input, findings } = parseManifestJson(value);
    assert.equal(input, undefined);
    assert.deepEqual(
      findings.map(finding => finding.code),
      ["manifest/type"],
    );
  });
}

test("cyclic, deep and huge JSON values are refused", () => {
  const cycle: Record<string, unknown> = {};
  cycle.playground = cycle;
  assert.match(parseManifestJson(cycle).findings[0]?.message ?? "", /nested deeper/);
  const deep = JSON.parse(`${"[".repeat(5000)}${"]".repeat(5000)}`);
  assert.match(parseManifestJson(deep).findings[0]?.message ?? "", /nested deeper/);
  assert.match(parseManifestJson(Array(30_000).fill(1)).findings[0]?.message ?? "", /more than 20000/);
});

test("wrong types everywhere are all reported and stop there", () => {
  const wrong = {
    name: [],
    title: {},
    categories: {},
    networks: 1,
    machines: [1, null, { name: {} }],
    tabs: "x",
    initTasks: [],
    accessControl: 5,
  };
  const { manifest, findings } = checkManifest(parseManifestBody(wrong), { for: "create" });
  assert.equal(manifest, undefined);
  assert.deepEqual(
    findings.map(({ path }) => path).sort(),
    [
      "categories",
      "name",
      "playground.accessControl",
      "playground.initTasks",
      // What can be said about the third machine is said: it has a shape.
      "playground.machines[0]",
      "playground.machines[1]",
      "playground.machines[2].drives",
      "playground.machines[2].name",
      "playground.machines[2].network",
      "playground.machines[2].users",
      "playground.networks",
      "playground.tabs",
      "title",
    ],
    JSON.stringify(findings, undefined, 1),
  );
});

test("ten problems in one document are ten findings", () => {
  const { findings } = checkManifest(
    parseManifestYaml(`kind: playground
name: Ten_Problems
title: Ten
categories: [linux]
playground:
  networks:
    - name: local
      subnet: 172.16.0.0
    - name: back
      subnet: 10.0.0.0/24
      gateway: 10.0.1.1
  machines:
    - name: web-01
      users:
        - name: root
      drives:
        - source: ghcr.io/me/img
          mount: /
          size: 2048
      network:
        interfaces:
          - network: locla
      resources:
        cpuCount: 0.5
  tabs:
    - kind: http-port
      machine: web-01
      name: App
  initTasks:
    seed:
      init: true
      machine: web-01
      run: x
      needs: [sead]
  accessControl:
    canList: [owner]
    canRead: [owner]
    canStart: [everyone]
`),
    { for: "create" },
  );
  assert.deepEqual(
    findings.map(({ code, severity, line }) => `${line} ${severity} ${code}`),
    [
      "2 error manifest/name-invalid",
      "3 error manifest/title-length",
      "8 error manifest/network-subnet",
      "11 error manifest/network-gateway",
      "17 error manifest/drive-source",
      "19 error manifest/size-syntax",
      "22 error manifest/interface-network",
      "24 error manifest/cpu-count",
      "26 error manifest/tab-number",
      "34 error manifest/task-needs-unknown",
      "38 error manifest/access-control",
    ],
  );
});

test("findings are bounded, and errors are not lost among warnings", () => {
  const text =
    sample.replace("title: Two tiers\n", "") + Array.from({ length: 5000 }, (_, index) => `x${index}: 1\n`).join("");
  const { manifest, findings } = checkManifest(parseManifestYaml(text), { for: "create" });
  assert.equal(manifest, undefined);
  assert.equal(findings.filter(finding => finding.severity === "warning").length, limits.findingsMax);
  assert.equal(findings.filter(finding => finding.severity === "error").length, 1);
});

/** JSON in the shape of a manifest, with anything in any place. */
const anything = fc.jsonValue({ maxDepth: 3 });
const fields = [
  ..."name base title description categories cover markdown playground networks machines tabs initTasks initConditions".split(
    " ",
  ),
  ..."registryAuth portForwards accessControl access users drives network interfaces resources startupFiles noSSH".split(
    " ",
  ),
  ..."kernel backend source mount size path content mode owner kind id machine number url run needs conditions key value".split(
    " ",
  ),
  ..."values options default validationRegex subnet gateway address canList canRead canStart timeout_seconds init".split(
    " ",
  ),
];
const shaped = fc.letrec(tie => ({
  node: fc.oneof(
    { depthSize: "medium" },
    anything,
    tie("map"),
    fc.array(tie("node"), { maxLength: 3 }),
    fc.constantFrom("1GiB", "/", "flexbox", "6.1", 80),
  ),
  map: fc.dictionary(fc.constantFrom(...fields), tie("node"), { maxKeys: 6 }),
}));

for (const purpose of ["create", "update", "start"] as const) {
  test(`no JSON makes a check for ${purpose} throw`, () => {
    fc.assert(
      fc.property(fc.oneof(shaped.map, shaped.node, anything), value => {
        for (const parse of [parseManifestJson, parseManifestBody]) {
          const { manifest, findings } = checkManifest(parse(value), { for: purpose });
          if (manifest !== undefined) assert.ok(manifestSchema.safeParse(manifest).success);
          else assert.ok(purpose !== "update" || findings.some(finding => finding.severity === "error"));
        }
      }),
      { numRuns: 400 },
    );
  });
}

test("no text makes reading throw", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.constantFrom(
          "kind: playground",
          "playground:",
          "  machines:",
          "    - name: a",
          " ",
          "\n",
          "- ",
          "&a ",
          "*a",
          "<<: ",
          "[",
          "]",
          "{",
          "}",
          "'",
          '"',
          "|",
          ">",
          "!!str ",
          "# ",
          "---",
          "\t",
          "é",
          "%",
        ),
        { maxLength: 40 },
      ),
      pieces => {
        checkManifest(parseManifestYaml(pieces.join("")), { for: "create" });
      },
    ),
    { numRuns: 1000 },
  );
});
