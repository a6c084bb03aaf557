import assert from "node:assert/strict";
import { test } from "node:test";
import { parseManifestYaml } from "./parse.ts";

function read(spec: string) {
  const { input, findings } = parseManifestYaml(`kind: playground\nplayground:\n${spec}`);
  return {
    spec: input?.playground,
    findings: findings.map(({ code, severity, path, line }) => ({ code, severity, path, line })),
  };
}

const owner = { canList: ["owner"], canRead: ["owner"], canStart: ["owner"] };
const anyone = { canList: ["anyone"], canRead: ["anyone"], canStart: ["anyone"] };
const legacy = (path: string, line: number) => ({ code: "manifest/legacy-form", severity: "warning", path, line });

test("a plain kernel is its source, and the loss of backend elsewhere is told", () => {
  const text = "  machines:\n    - {name: a, kernel: 6.10, backend: qemu}\n";
  const { spec, findings } = read(text);
  assert.deepEqual(spec?.machines, [{ name: "a", backend: "qemu", kernel: { source: "6.10" } }]);
  assert.deepEqual(findings, [legacy("playground.machines[0].kernel", 4)]);
  const [finding] = parseManifestYaml(`kind: playground\nplayground:\n${text}`).findings;
  assert.match(finding?.message ?? "", /loses this machine's backend/);
});

for (const kernel of ["", "''", "null", "~"]) {
  test(`kernel: ${kernel} is absent`, () => {
    const { spec, findings } = read(`  machines:\n    - name: a\n      kernel: ${kernel}\n`);
    assert.deepEqual(spec?.machines, [{ name: "a" }]);
    assert.deepEqual(findings, []);
  });
}

test("the access block becomes three lists", () => {
  assert.deepEqual(read("  access: {mode: private}\n"), {
    spec: { accessControl: owner },
    findings: [legacy("playground.access", 3)],
  });
  assert.deepEqual(read("  access: {mode: public, users: [x]}\n  accessControl: {}\n").spec, { accessControl: anyone });
});

test("the access block gives way to accessControl", () => {
  const { spec, findings } = read(
    "  access: {mode: public}\n  accessControl: {canList: [owner], canRead: [owner], canStart: [owner]}\n",
  );
  assert.deepEqual(spec, { accessControl: owner });
  assert.deepEqual(findings, [legacy("playground.access", 3)]);
});

test("another access mode is an error", () => {
  assert.deepEqual(read("  access: {mode: secret}\n"), {
    spec: undefined,
    findings: [{ code: "manifest/access-control", severity: "error", path: "playground.access", line: 3 }],
  });
});

test("accessControl at the top level is moved", () => {
  const { input, findings } = parseManifestYaml(
    "kind: playground\naccessControl: {canList: [owner], canRead: [owner], canStart: [owner]}\nplayground:\n  tabs: null\n",
  );
  assert.deepEqual(input?.playground, { accessControl: owner });
  assert.deepEqual(
    findings.map(({ code, line }) => ({ code, line })),
    [{ code: "manifest/legacy-form", line: 2 }],
  );
});
