import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { run } from "../../src/host/process.ts";

const guest = resolve(import.meta.dirname, "../../guest");

test("the shim's scripts are scripts for busybox's shell", async () => {
  for (const script of [
    "init",
    "labyard/seed/apply",
    "labyard/seed/accounts",
    "labyard/seed/platform-files",
    "labyard/seed/authority",
    "labyard/seed/startup-files",
    "labyard/run/labyard/start-channel",
    "labyard/run/labyard/keep-channel",
    "labyard/run/labyard/serve-ssh",
  ]) {
    await run(["busybox", "sh", "-n", join(guest, script)]);
  }
  await assert.rejects(run(["busybox", "sh", "-n", "-"], { input: "if true; then\n" }), "the check itself can fail");
});

test("the shim's awk programs are programs for busybox's awk", async () => {
  for (const program of ["resolve.awk", "blocks.awk"]) {
    const { stdout } = await run(
      ["busybox", "awk", "-v", "work=/nonexistent", "-f", join(guest, "labyard/seed", program)],
      {
        input: "",
        allowFailure: true,
      },
    );
    assert.equal(stdout, "");
  }
});

test("the kernel can start the shim: it is executable and names the busybox of the initramfs", async () => {
  const { stdout } = await run(["stat", "--format=%a", join(guest, "init")]);
  assert.equal(stdout.trim(), "755");
  assert.match(readFileSync(join(guest, "init"), "utf8"), /^#!\/bin\/busybox sh\n/);
});
