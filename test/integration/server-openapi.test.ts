import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { renderOpenApi } from "../../src/server/open-api-document.ts";

test("docs/reference/openapi.json is what the routes say", async () => {
  const committed = await readFile(new URL("../../docs/reference/openapi.json", import.meta.url), "utf8");
  const rendered = await renderOpenApi();
  const document = JSON.parse(rendered);
  assert.equal(document.openapi, "3.1.0");
  assert.ok(document.paths["/api/plays/{id}/actions"].post);
  assert.ok(document.components.schemas.Play);
  assert.equal(committed, rendered, "run: npm run docs");
});
