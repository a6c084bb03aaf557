import assert from "node:assert/strict";
import { test } from "node:test";
import type { InitTask } from "../manifest/schema.ts";
import { planTasks } from "./tasks.ts";

const task = (fields: Partial<InitTask> = {}): InitTask => ({ init: true, machine: "m", run: "true", ...fields });
const names = (tasks: Record<string, InitTask>, conditions: Record<string, string> = {}) =>
  planTasks(tasks, conditions, "m").map(each => each.name);

test("a task comes after those it needs, otherwise in manifest order", () => {
  const tasks = { d: task({ needs: ["b", "c"] }), c: task({ needs: ["a"] }), b: task(), a: task() };
  assert.deepEqual(names(tasks), ["b", "a", "c", "d"]);
});

test("a task whose conditions do not match does not exist, and needing it is satisfied", () => {
  const tasks = {
    both: task({ needs: ["containerd", "crio"] }),
    containerd: task({ conditions: [{ key: "runtime", value: "containerd" }] }),
    crio: task({ conditions: [{ key: "runtime", value: "cri-o" }] }),
  };
  const planned = planTasks(tasks, { runtime: "cri-o" }, undefined);
  assert.deepEqual(
    planned.map(each => [each.name, each.needs]),
    [
      ["crio", []],
      ["both", ["crio"]],
    ],
  );
});

test("several keys must all match, several values of one key are alternatives", () => {
  const conditions = [
    { key: "a", value: "1" },
    { key: "a", value: "2" },
    { key: "b", value: "x" },
  ];
  const tasks = { only: task({ conditions }) };
  assert.deepEqual(names(tasks, { a: "2", b: "x" }), ["only"]);
  assert.deepEqual(names(tasks, { a: "2", b: "y" }), []);
  assert.deepEqual(names(tasks, { a: "3", b: "x" }), []);
  assert.deepEqual(names(tasks, {}), []);
});

test("defaults: root, 60 seconds, the only machine", () => {
  const [planned] = planTasks({ one: { run: "true" } }, {}, "solo");
  assert.deepEqual(planned, {
    name: "one",
    machine: "solo",
    user: "root",
    run: "true",
    needs: [],
    timeoutSeconds: 60,
  });
});

test("a cycle is refused rather than dropped", () => {
  assert.throws(() => names({ a: task({ needs: ["b"] }), b: task({ needs: ["a"] }) }), { code: "manifest/task-cycle" });
});
