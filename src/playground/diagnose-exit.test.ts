import assert from "node:assert/strict";
import { test } from "node:test";
import type { VmExit } from "../vm/machine.ts";
import { diagnoseExit } from "./diagnose-exit.ts";

const ended = (part: Partial<VmExit>): VmExit => ({
  reason: "crashed",
  exitCode: 0,
  signal: null,
  stderr: "",
  consoleLines: [],
  ...part,
});

test("a machine that was ready and switched itself off did what its user wanted", () => {
  assert.equal(diagnoseExit("box", ended({ reason: "shutdown" }), "channel", true), undefined);
  const early = diagnoseExit(
    "box",
    ended({ reason: "shutdown", consoleLines: ["labyard: drive: broken"] }),
    "init",
    false,
  );
  assert.equal(early?.message, "box switched itself off while it started (init)");
  assert.deepEqual(early?.details, ["labyard: drive: broken"]);
});

test("of a panic the cause is told and what came before, not the stack", () => {
  const stack = Array.from({ length: 60 }, (_, index) => `[ 5.${index}] frame ${index}`);
  const consoleLines = ["before", "[ 4.9] Kernel panic - not syncing: VFS: Unable to mount root fs", ...stack];
  const problem = diagnoseExit("box", ended({ reason: "panic", consoleLines }), "channel", true);
  assert.equal(problem?.message, "the kernel of box panicked (running): VFS: Unable to mount root fs");
  assert.deepEqual(problem?.details.slice(0, 2), consoleLines.slice(0, 2));
  assert.ok(problem.details.length <= 15);
});

test("a panic that was not printed is one all the same", () => {
  const problem = diagnoseExit("box", ended({ reason: "panic", consoleLines: ["last words"] }), "init", false);
  assert.equal(problem?.message, "the kernel of box panicked (init)");
  assert.deepEqual(problem?.details, ["last words"]);
});

test("a monitor that ended says how, in its own words", () => {
  const problem = diagnoseExit("box", ended({ exitCode: null, signal: "SIGKILL", stderr: "oops\n" }), "kernel", false);
  assert.equal(problem?.message, "the virtual machine monitor of box ended by SIGKILL (kernel)");
  assert.deepEqual(problem?.details, ["oops"]);
  assert.deepEqual(problem?.where, { machine: "box", step: "kernel" });
});
