import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveInitConditions } from "./init-condition-values.ts";
import type { InitCondition, Manifest } from "./schema.ts";
import { debian } from "./testing/case.ts";

function withConditions(...values: InitCondition[]): Manifest {
  return { ...debian, playground: { ...debian.playground, initConditions: { values } } };
}

const runtime: InitCondition = { key: "Container runtime", default: "containerd", options: ["containerd", "cri-o"] };
const repo: InitCondition = { key: "repo", nullable: true, validationRegex: "^https://.*$" };
const token: InitCondition = { key: "token", validationRegex: "[0-9]+" };
const choice: InitCondition = { key: "flavor", options: ["a", "b"] };

function resolve(manifest: Manifest, given: Record<string, string>) {
  const { values, findings } = resolveInitConditions(manifest, given);
  for (const { code, severity } of findings) assert.deepEqual([code, severity], ["start/condition-value", "error"]);
  return { values, messages: findings.map(({ message }) => message) };
}

test("what is given counts, else the default; a nullable value may be empty", () => {
  assert.deepEqual(resolve(withConditions(runtime, repo, token), { token: "a1b" }), {
    values: { "Container runtime": "containerd", repo: "", token: "a1b" },
    messages: [],
  });
  assert.deepEqual(resolve(withConditions(runtime), { "Container runtime": "cri-o" }).values, {
    "Container runtime": "cri-o",
  });
});

test("an explicitly empty value replaces the default when it may be empty", () => {
  const given = { key: "k", default: "x", nullable: true };
  assert.deepEqual(resolve(withConditions(given), { k: "" }).values, { k: "" });
});

test("every value that is not allowed is reported, and has no value", () => {
  const { values, messages } = resolve(withConditions(runtime, repo, token, choice), {
    "Container runtime": "docker",
    repo: "ftp://x",
    tokn: "1",
  });
  assert.deepEqual(values, {});
  assert.deepEqual(messages, [
    'there is no init condition "tokn". Did you mean "token"?',
    '"Container runtime" must be one of: containerd, cri-o (got "docker")',
    '"repo" must match ^https://.*$ (got "ftp://x")',
    '"token" needs a value',
    '"flavor" must be chosen: a or b',
  ]);
});

test("a playground without conditions takes none", () => {
  assert.deepEqual(resolve(debian, {}), { values: {}, messages: [] });
  assert.deepEqual(resolve(debian, { a: "b" }).messages, ['there is no init condition "a" (this playground has none)']);
});

test("limits and hostile patterns hold", () => {
  assert.equal(resolve(withConditions({ key: "k" }), { k: "x".repeat(1024) }).messages.length, 0);
  assert.match(resolve(withConditions({ key: "k" }), { k: "x".repeat(1025) }).messages[0] ?? "", /limit is 1024/);
  const startedAt = performance.now();
  const evil = withConditions({ key: "k", validationRegex: "^(a+)+$" });
  assert.equal(resolve(evil, { k: `${"a".repeat(1000)}!` }).messages.length, 1);
  assert.ok(performance.now() - startedAt < 2000);
});

test("keys named like object methods are ordinary", () => {
  assert.deepEqual(Object.entries(resolve(withConditions({ key: "__proto__", default: "x" }), {}).values), [
    ["__proto__", "x"],
  ]);
  assert.equal(resolve(withConditions({ key: "toString" }), {}).messages[0], '"toString" needs a value');
});
