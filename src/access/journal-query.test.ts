import assert from "node:assert/strict";
import { test } from "node:test";
import { journalCommand } from "./journal-query.ts";

test("values of strangers are the ends of words, never words of their own nor part of the script", () => {
  const hostile = "ssh.service; touch /tmp/x $(id) --directory=/ '\"";
  const [shell, flag, script, zero, ...options] = journalCommand({ unit: hostile, since: "--root=/", lines: 5 });
  assert.deepEqual([shell, flag, zero], ["sh", "-c", "journal"]);
  assert.equal(script?.includes("touch"), false);
  assert.deepEqual(options, ["--no-pager", "--follow", `--unit=${hostile}`, "--lines=5", "--since=--root=/"]);
});

test("with an end in time the journal is printed and not followed", () => {
  assert.deepEqual(journalCommand({ until: "-1h", cursor: "s=1" }).slice(4), [
    "--no-pager",
    "--until=-1h",
    "--after-cursor=s=1",
  ]);
});
