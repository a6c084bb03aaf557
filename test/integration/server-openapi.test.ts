import assert from "node:assert/strict";
import { test } from "node:test";
import { renderOpenApi } from "../../src/server/open-api-document.ts";

test("the OpenAPI document describes the routes", async () => {
  const document = JSON.parse(await renderOpenApi());
  assert.equal(document.openapi, "3.1.0");
  assert.ok(document.paths["/api/plays/{id}/actions"].post);
  assert.ok(document.components.schemas.Play);
});
