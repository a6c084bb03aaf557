import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "./process.ts";

test("programs of the system are found by users whose PATH leaves them out", async () => {
  const { stdout } = await run(["sh", "-c", "echo $PATH"], { env: { PATH: "/usr/bin:/bin" } });
  assert.equal(stdout.trim(), "/usr/bin:/bin:/usr/sbin:/sbin");
});

test("a failure tells the command's last words, a missing program its name", async () => {
  await assert.rejects(run(["sh", "-c", "echo no room >&2; exit 3"]), {
    code: "host/command-failed",
    message: /exit code 3: no room/,
  });
  await assert.rejects(run(["labyard-no-such-program"]), {
    code: "host/tool-missing",
    message: /labyard-no-such-program/,
  });
});

test("a command that outlives its time is ended with all it started", async () => {
  const started = Date.now();
  await assert.rejects(run(["sh", "-c", "sleep 60 & wait"], { timeoutMs: 100 }), {
    message: /did not finish within 0.1 s/,
  });
  assert.ok(Date.now() - started < 30_000);
});
