import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { Problem } from "../api/problems.ts";
import type { CliContext } from "./context.ts";
import { endImageProgress, showImageProgress } from "./image-progress.ts";
import { reportFailure } from "./report.ts";

function terminal(columns: number, isTTY: boolean, env: NodeJS.ProcessEnv = {}) {
  const said: string[] = [];
  const write = (text: string) => said.push(text) > 0;
  const stderr = Object.assign(new Writable(), { isTTY, columns, write }) as unknown as NodeJS.WriteStream;
  const context = { stderr, env, programName: "labyard", signal: new AbortController().signal } as CliContext;
  return { context, text: () => said.join("") };
}

test("what breaks inside a command is told by its own words, not by a log that nobody keeps", () => {
  const { context, text } = terminal(80, false);
  assert.equal(reportFailure(new Error("a cog is missing"), context), 1);
  assert.match(text(), /^labyard: Something went wrong inside Labyard: a cog is missing\nPlease report it/);
  assert.doesNotMatch(text(), /server|at .*report\.test/);

  const debugged = terminal(80, false, { LABYARD_DEBUG: "1" });
  reportFailure(new Error("a cog is missing"), debugged.context);
  assert.match(debugged.text(), /report\.test\.ts/, "where it happened");
});

test("a place that may not be written is named with what can be done, and nobody is asked to report it", () => {
  const { context, text } = terminal(80, false);
  reportFailure(Object.assign(new Error("EROFS: read-only file system, mkdir '/x'"), { code: "EROFS" }), context);
  assert.match(text(), /^labyard: EROFS: read-only file system, mkdir '\/x'\n.*LABYARD_HOME/);
  assert.doesNotMatch(text(), /report/);
});

test("a server's own problem keeps its words", () => {
  const { context, text } = terminal(80, false);
  reportFailure(new Problem("server/internal", { message: "Something went wrong inside Labyard (id 7)" }), context);
  assert.match(text(), /\(id 7\)\nThe server's log/);
});

test("the line that is being redrawn gives way to what is said next, whatever the terminal's width", () => {
  for (const [columns, shown] of [
    [0, "pulling layer 1 of 1 of registry.example/lab/root:v1: 50 %"],
    [30, "pulling layer 1 of 1 of regist"],
    [200, "pulling layer 1 of 1 of registry.example/lab/root:v1: 50 %"],
  ] as const) {
    const { context, text } = terminal(columns, true);
    const progress = showImageProgress(context);
    const message = "pulling layer 1 of 1 of registry.example/lab/root:v1";
    progress({ step: "pull", message, elapsedMs: 0, doneBytes: 50, totalBytes: 100 });
    const line = shown.slice(0, columns === 30 ? 29 : undefined);
    assert.equal(text(), `\r\u001b[K${line}`);
    endImageProgress(context);
    endImageProgress(context);
    assert.equal(text(), `\r\u001b[K${line}\r\u001b[K`, "taken away once");
    progress({ step: "pull", message, elapsedMs: 0, doneBytes: 60, totalBytes: 100 });
    reportFailure(new Problem("image/damaged", { message: "wrong" }), context);
    const [, , , drawn, cleared] = text().split("\r\u001b[K");
    assert.match(drawn ?? "", columns === 30 ? /of regis$/ : /60 %$/);
    assert.match(cleared ?? "", /^\S*labyard:/);
  }
});
