import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ensureRuntimeDirectory } from "./runtime-directory.ts";

test("the directory of the sockets is made private", async t => {
  const home = await mkdtemp(join(tmpdir(), "labyard-runtime-"));
  t.after(() => rm(home, { recursive: true }));
  const paths = { home, runtime: join(home, "run") };
  await ensureRuntimeDirectory(paths);
  await chmod(paths.runtime, 0o755);
  await ensureRuntimeDirectory(paths);
  assert.equal((await stat(paths.runtime)).mode & 0o777, 0o700);
});

test("what somebody else put in its place is refused", async t => {
  const home = await mkdtemp(join(tmpdir(), "labyard-runtime-"));
  t.after(() => rm(home, { recursive: true }));
  await symlink("/tmp", join(home, "run"));
  const refused = { name: "Problem", code: "host/runtime-directory-unsafe" };
  await assert.rejects(ensureRuntimeDirectory({ home, runtime: join(home, "run") }), refused);
  await assert.rejects(ensureRuntimeDirectory({ home, runtime: home }, (process.getuid?.() ?? 0) + 1), refused);
});
