import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestProblems } from "../api/problems/manifest.ts";
import { manifestJsonSchema } from "./json-schema.ts";
import { renderManifestReference } from "./reference.ts";

test("the page names every code", () => {
  for (const code of Object.keys(manifestProblems))
    assert.ok(renderManifestReference().includes(`| \`${code}\` |`), code);
});

test("the JSON Schema describes every field and asks only for what an author must write", () => {
  const schema = manifestJsonSchema() as { required: string[]; properties: { playground: { required: string[] } } };
  assert.deepEqual(schema.required, ["kind", "title", "playground"]);
  assert.deepEqual(schema.properties.playground.required, ["accessControl"]);
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== "object" || node === null) return;
    const { properties } = node as { properties?: Record<string, { description?: string }> };
    for (const [key, field] of Object.entries(properties ?? {})) assert.ok(field.description, `${path}.${key}`);
    for (const [key, child] of Object.entries(node)) visit(child, `${path}.${key}`);
  };
  visit(schema, "");
});
