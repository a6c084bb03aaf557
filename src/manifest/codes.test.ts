import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestProblems } from "../api/problems/manifest.ts";
import { type CheckOptions, checkManifest } from "./check.ts";
import { parseManifestYaml } from "./parse.ts";
import { accessCases } from "./testing/cases/access.ts";
import { cardCases } from "./testing/cases/card.ts";
import { documentCases } from "./testing/cases/document.ts";
import { drivesCases } from "./testing/cases/drives.ts";
import { machinesCases } from "./testing/cases/machines.ts";
import { networksCases } from "./testing/cases/networks.ts";
import { tabsCases } from "./testing/cases/tabs.ts";
import { tasksCases } from "./testing/cases/tasks.ts";
import { sample, sampleWith } from "./testing/sample.ts";

const cases = [
  ...documentCases,
  ...cardCases,
  ...networksCases,
  ...machinesCases,
  ...drivesCases,
  ...tabsCases,
  ...tasksCases,
  ...accessCases,
];

function findingsOf(text: string, options: Partial<CheckOptions> = {}) {
  return checkManifest(parseManifestYaml(text), { for: "create", ...options }).findings;
}

test("the sample is valid", () => {
  assert.deepEqual(findingsOf(sample), []);
});

for (const [index, { code, severity = "error", bad, good, path, line, says, suggests, options }] of cases.entries()) {
  test(`${code} (${severity}, case ${index}): ${says.source}`, () => {
    const text = sampleWith(bad);
    const findings = findingsOf(text, options).filter(finding => finding.code === code && finding.path === path);
    const all = JSON.stringify(findingsOf(text, options), undefined, 1);
    assert.equal(findings.length, 1, `${text}\n${all}`);
    const [finding] = findings;
    assert.equal(finding?.severity, severity);
    assert.match(finding.message, says);
    assert.equal(finding.suggestion, suggests ?? finding.suggestion);
    assert.ok(text.includes(line), `the case has no line ${line}`);
    assert.equal(finding.line, text.slice(0, text.indexOf(line)).split("\n").length, all);
    assert.ok((finding.column ?? 0) >= 1);

    const neighbour = findingsOf(sampleWith(good), options);
    assert.deepEqual(
      neighbour.filter(other => other.severity === "error" || (other.code === code && other.severity === severity)),
      [],
      "the nearest neighbour must be valid and free of this finding",
    );
  });
}

test("every catalogued code has a case, and every case a catalogued code", () => {
  assert.deepEqual([...new Set(cases.map(({ code }) => code))].sort(), Object.keys(manifestProblems).sort());
});
