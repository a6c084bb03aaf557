import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { removeUnfinishedUploads, StoredBytes } from "./stored-bytes.ts";

const mebibyte = 1024 ** 2;
let directory: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "labyard-stored-"));
  await mkdir(join(directory, "repositories/team/app/_uploads/1"), { recursive: true });
  await mkdir(join(directory, "repositories/team/app/_layers"), { recursive: true });
  await writeFile(join(directory, "repositories/team/app/_layers/link"), Buffer.alloc(mebibyte, 1));
  await writeFile(join(directory, "repositories/team/app/_uploads/1/data"), Buffer.alloc(mebibyte, 1));
});
after(() => rm(directory, { recursive: true }));

test("what lies there counts, and so does what is sent", async () => {
  const stored = new StoredBytes(directory, 4 * mebibyte);
  assert.equal(await stored.reserve(mebibyte), true);
  assert.equal(await stored.reserve(mebibyte), false, "two that lie there, one reserved, and directories");
  assert.equal(await stored.reserve(1024), true);
  assert.equal(await new StoredBytes(directory, mebibyte).reserve(1), false);
  assert.equal(await new StoredBytes(join(directory, "none"), mebibyte).reserve(mebibyte), true);
});

test("unfinished uploads are removed and nothing else", async () => {
  await removeUnfinishedUploads(directory);
  assert.deepEqual(await readdir(join(directory, "repositories/team/app")), ["_layers"]);
  assert.deepEqual(await readdir(join(directory, "repositories/team/app/_layers")), ["link"]);
});
