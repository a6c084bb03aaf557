import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Problem } from "../../api/problems.ts";
import { ann, annsPlay } from "./fixtures.ts";
import { takeLoginCode } from "./login-codes.ts";
import { openDatabase } from "./open-database.ts";
import { findPlay, insertPlay } from "./plays.ts";
import { insertPlayground } from "./playgrounds.ts";
import { settingOr } from "./settings.ts";
import { insertUser } from "./users.ts";

const directory = await mkdtemp(join(tmpdir(), "labyard-database-"));
after(() => rm(directory, { recursive: true }));

test("a new database is private, migrated, and opens again with its content", async () => {
  const file = join(directory, "home", "db.sqlite");
  const first = await openDatabase(file);
  await insertUser(first, ann);
  await first.destroy();
  assert.equal((await stat(file)).mode & 0o777, 0o600);

  const second = await openDatabase(file);
  const users = await second.selectFrom("users").selectAll().execute();
  await second.destroy();
  assert.deepEqual(
    users.map(user => ({ ...user })),
    [ann],
  );
});

test("a database of a newer version is refused with a hint, not migrated", async () => {
  const file = join(directory, "newer.sqlite");
  const database = await openDatabase(file);
  await database
    .insertInto("kysely_migration" as never)
    .values({ name: "9999-future", timestamp: "2030" })
    .execute();
  await database.destroy();
  await assert.rejects(
    openDatabase(file),
    (error: unknown) => error instanceof Problem && error.code === "server/database-newer",
  );
});

test("a play time that nothing could read is mended when the database is opened", async () => {
  const file = join(directory, "times.sqlite");
  const before = await openDatabase(file);
  await insertUser(before, ann);
  const ordinary = { ...annsPlay, id: "ordinary" };
  const absurd = { ...annsPlay, id: "absurd", max_play_time_ms: 1e18, expires_at: 1e18 };
  for (const row of [absurd, ordinary]) await insertPlay(before, row);
  await assert.rejects(findPlay(before, "absurd"), /too large/);
  await before
    .deleteFrom("kysely_migration" as never)
    .where("name" as never, "=", "0006-play-times" as never)
    .execute();
  await before.destroy();

  const after = await openDatabase(file);
  const longestMs = 3650 * 24 * 60 * 60_000;
  const { max_play_time_ms, expires_at } = (await findPlay(after, "absurd"))!;
  assert.deepEqual([max_play_time_ms, expires_at], [longestMs, longestMs + 5]);
  assert.deepEqual({ ...(await findPlay(after, "ordinary")) }, ordinary);
  await after.destroy();
});

test("foreign keys are enforced and text with NUL survives", async () => {
  const database = await openDatabase(":memory:");
  await insertUser(database, { ...ann, name: "a\0b" });
  const row = await database.selectFrom("users").select("name").executeTakeFirstOrThrow();
  assert.equal(row.name, "a\0b");
  const orphan = { id: "p", name: "p", owner: "nobody", base: "", manifest: "{}", created_at: 1, updated_at: 1 };
  await assert.rejects(insertPlayground(database, orphan), /FOREIGN KEY/);
  await database.destroy();
});

test("a taken playground name is told, not thrown", async () => {
  const database = await openDatabase(":memory:");
  await insertUser(database, ann);
  const row = { id: "1", name: "lab", owner: ann.id, base: "", manifest: "{}", created_at: 1, updated_at: 1 };
  assert.equal(await insertPlayground(database, row), true);
  assert.equal(await insertPlayground(database, { ...row, id: "2" }), false);
  await database.destroy();
});

test("a login code works once, and not after its time", async () => {
  const database = await openDatabase(":memory:");
  await insertUser(database, ann);
  await database
    .insertInto("login_codes")
    .values([
      { code_sha256: "fresh", user_id: ann.id, expires_at: 100 },
      { code_sha256: "old", user_id: ann.id, expires_at: 10 },
    ])
    .execute();
  assert.equal(await takeLoginCode(database, "fresh", 50), ann.id);
  assert.equal(await takeLoginCode(database, "fresh", 50), undefined);
  assert.equal(await takeLoginCode(database, "old", 50), undefined);
  await database.destroy();
});

test("a setting keeps its first value", async () => {
  const database = await openDatabase(":memory:");
  assert.equal(await settingOr(database, "key", () => "one"), "one");
  assert.equal(await settingOr(database, "key", () => "two"), "one");
  await database.destroy();
});
