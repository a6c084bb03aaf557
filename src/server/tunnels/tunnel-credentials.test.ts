import assert from "node:assert/strict";
import { test } from "node:test";
import { ann, annsPlay as play } from "../../store/database/fixtures.ts";
import { type Database, openDatabase } from "../../store/database/open-database.ts";
import { insertPlay } from "../../store/database/plays.ts";
import { insertSession } from "../../store/database/sessions.ts";
import { deleteOldTunnels } from "../../store/database/tunnels.ts";
import { insertUser } from "../../store/database/users.ts";
import { requesterFor } from "../auth/requester.ts";
import { TunnelCredentials } from "./tunnel-credentials.ts";

const dayMs = 24 * 60 * 60_000;
const requester = requesterFor(ann, { via: "session", credentialId: "s" }, { student: [], instructor: [] });

async function withTunnels(): Promise<AsyncDisposable & { database: Database; clock: { nowMs: number } }> {
  const database = await openDatabase(":memory:");
  await insertUser(database, ann);
  const session = {
    id: "s",
    kind: "client" as const,
    secret_sha256: "",
    user_id: "ann",
    user_agent: "",
    created_at: 0,
  };
  await insertSession(database, { ...session, expires_at: 365 * dayMs, address: null, used_at: null });
  await insertPlay(database, play);
  return { database, clock: { nowMs: 1 }, [Symbol.asyncDispose]: () => database.destroy() };
}

test("a tunnel that nobody uses for days outlives hundreds of later ones, and ends at its age", async () => {
  await using store = await withTunnels();
  const { database, clock } = store;
  const tunnels = new TunnelCredentials(database, () => clock.nowMs);
  const idle = await tunnels.open(play, "m", requester);
  clock.nowMs += 7 * dayMs;
  for (let i = 0; i < 600; i++) await tunnels.open(play, "m", requester);
  assert.ok(await tunnels.find(idle.tunnelId));

  // That was a use.
  clock.nowMs += 29 * dayMs;
  await tunnels.open(play, "m", requester);
  const rows = await database.selectFrom("tunnels").select("id").execute();
  assert.equal(rows.length, 602);
  assert.ok(rows.some(({ id }) => id === idle.tunnelId));

  clock.nowMs += 2 * dayMs;
  await tunnels.open(play, "m", requester);
  assert.equal(await tunnels.find(idle.tunnelId), undefined);
  assert.equal((await database.selectFrom("tunnels").select("id").execute()).length, 2);
});

test("of too many tunnels those used last stay", async () => {
  await using store = await withTunnels();
  const { database, clock } = store;
  const tunnels = new TunnelCredentials(database, () => clock.nowMs++);
  const opened = [];
  for (let i = 0; i < 5; i++) opened.push((await tunnels.open(play, "m", requester)).tunnelId);
  await deleteOldTunnels(database, play.id, { unusedSinceMs: 0, keep: 2 });
  const left = await database.selectFrom("tunnels").select("id").orderBy("used_at").execute();
  assert.deepEqual(
    left.map(({ id }) => id),
    opened.slice(3),
  );
});
