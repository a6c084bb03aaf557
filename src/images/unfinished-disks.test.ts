import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { removeAbandonedDisks, unfinishedDisk } from "./unfinished-disks.ts";

test("what a killed writer left is removed, and nothing that could be anybody else's", async t => {
  const directory = await mkdtemp(join(tmpdir(), "labyard-unfinished-"));
  t.after(() => rm(directory, { recursive: true }));
  const place = join(directory, "disk.img");
  const abandoned = unfinishedDisk(place);
  const underWay = unfinishedDisk(place);
  const others = ["disk.img", "disk.img.partial", "disk.img.0123456g.partial", "other.img.01234567.partial"];
  for (const path of [abandoned, underWay, ...others.map(name => join(directory, name))]) {
    await writeFile(path, "");
    const anHourAgo = new Date(Date.now() - 3_600_000);
    if (path !== underWay) await utimes(path, anHourAgo, anHourAgo);
  }

  await removeAbandonedDisks(place);
  assert.deepEqual((await readdir(directory)).sort(), [...others, basename(underWay)].sort());
  await removeAbandonedDisks(join(directory, "missing", "disk.img"));
});
