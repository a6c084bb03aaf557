import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { kernelsDirectory, planFile, playDirectory, stateFile } from "../store/paths.ts";
import { writeRecord } from "../store/play-records.ts";
import { kernelUsers } from "./kernel-users.ts";
import { pruneKernels } from "./prune-kernels.ts";

test("fetched kernels that no play names go; the default, those in plays, and those brought along stay", async t => {
  const home = await mkdtemp(join(tmpdir(), "labyard-kernels-"));
  t.after(() => rm(home, { recursive: true }));
  const paths = { home, runtime: home };
  const install = async (version: string, packageName: string) => {
    const directory = join(kernelsDirectory(paths), version);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "kernel.json"), JSON.stringify({ version, package: { name: packageName } }));
  };
  await install("6.1", "linux-image-6.1.0-1-amd64");
  await install("5.10", "linux-image-5.10.0-1-amd64");
  await install("6.12", "linux-image-6.12.1-amd64");
  await install("6.18", "/srv/my-kernel");
  await install("own", "linux-image-own");
  const play = async (id: string, kernel: string, state: string) => {
    const playId = id.repeat(24);
    await mkdir(playDirectory(paths, playId), { recursive: true });
    await writeRecord(stateFile(paths, playId), {
      stateEvents: [{ state, at: new Date().toISOString() }],
      machines: [],
    });
    await writeRecord(planFile(paths, playId), { machines: [{ kernel }] });
  };
  await play("a", "5.10", "STOPPED");
  await play("b", "6.12", "DESTROYED");
  assert.deepEqual(await kernelUsers(paths, ["DESTROYED"]), new Map([["5.10", ["a".repeat(24)]]]));
  assert.deepEqual(await pruneKernels(paths), ["6.12"]);
  assert.deepEqual((await readdir(kernelsDirectory(paths))).toSorted(), ["5.10", "6.1", "6.18", "own"]);
});
