import assert from "node:assert/strict";
import { test } from "node:test";
import { completePlan } from "./complete-plan.ts";
import { createPlan } from "./create-plan.ts";
import { netLab, smallHost as host } from "./fixtures.ts";

test("a plan of an earlier version gets what it lacks and keeps the rest", () => {
  const initConditions = { "Database engine": "pg" };
  const plan = createPlan({ playId: "0123456789abcdef01234567", manifest: netLab, initConditions, host });
  const { registry, ...rest } = plan;
  assert.deepEqual(completePlan({ ...rest, registryAuth: registry.auth as string }, host), plan);
  const { auth: _login, ...open } = registry;
  assert.deepEqual(completePlan(rest, host), { ...rest, registry: open });
  const other = { registry: { aliases: ["new.example.test"], maxBytes: 1 } };
  assert.deepEqual(completePlan(plan, other), plan);
});
