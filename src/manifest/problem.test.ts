import assert from "node:assert/strict";
import { test } from "node:test";
import { checkManifest } from "./check.ts";
import { nearest } from "../lib/nearest.ts";
import { parseManifestYaml } from "./parse.ts";
import { problemOfFindings } from "./problem.ts";
import { sample, sampleWith } from "./testing/sample.ts";

const findingsOf = (text: string) => checkManifest(parseManifestYaml(text), { for: "create" }).findings;

test("one problem names the first error and counts the others", () => {
  const problem = problemOfFindings(
    findingsOf(sampleWith(["Two tiers", "Two"], ["172.16.0.0/24", "x"], ["[linux]", "[k8s]"])),
  );
  assert.equal(problem?.code, "manifest/title-length");
  assert.equal(problem.message, "title must have 5 to 120 characters, this one has 3 (and 1 more problem)");
  assert.deepEqual(problem.where, { path: "title", line: 3, column: 8 });
  assert.equal(problem.spec.status, 400);
  assert.equal(problem.details.length, 3);
});

test("warnings are no problem", () => {
  assert.equal(problemOfFindings(findingsOf(sampleWith(["[linux]", "[k8s]"]))), undefined);
  assert.equal(problemOfFindings(findingsOf(sample)), undefined);
});

test("the nearest name is at most two mistakes away, fewer for short names", () => {
  const names = ["http-port", "terminal", "ide", "back"];
  assert.equal(nearest("htp-prot", names), "http-port");
  assert.equal(nearest("termianl", names), "terminal");
  assert.equal(nearest("TERMINAL", names), "terminal");
  assert.equal(nearest("idea", names), "ide");
  assert.equal(nearest("xyz", names), undefined);
  assert.equal(nearest("web-page", names), undefined);
});
