import type { Selectable, Updateable } from "kysely";
import type { Database } from "./open-database.ts";
import type { PlaysTable } from "./tables.ts";

export type PlayRow = Selectable<PlaysTable>;

export async function insertPlay(database: Database, play: PlayRow): Promise<void> {
  await database.insertInto("plays").values(play).execute();
}

export function findPlay(database: Database, id: string): Promise<PlayRow | undefined> {
  return database.selectFrom("plays").selectAll().where("id", "=", id).executeTakeFirst();
}

/** Plays of a person, the newest first; destroyed ones as long as they were destroyed after `destroyedSince`. */
export function listPlays(
  database: Database,
  filter: { owner: string; persistent?: boolean; destroyedSince: number; limit: number },
): Promise<PlayRow[]> {
  let query = database
    .selectFrom("plays")
    .selectAll()
    .where("owner", "=", filter.owner)
    .where(expression =>
      expression.or([expression("destroyed_at", "is", null), expression("destroyed_at", ">=", filter.destroyedSince)]),
    );
  if (filter.persistent !== undefined) query = query.where("persistent", "=", filter.persistent ? 1 : 0);
  return query.orderBy("updated_at", "desc").limit(filter.limit).execute();
}

/** Of everybody, running or not; of one person with `owner`. */
export function listExistingPlays(database: Database, owner?: string): Promise<PlayRow[]> {
  const query = database.selectFrom("plays").selectAll().where("destroyed_at", "is", null);
  return (owner === undefined ? query : query.where("owner", "=", owner)).execute();
}

export async function updatePlay(database: Database, id: string, change: Updateable<PlaysTable>): Promise<void> {
  await database.updateTable("plays").set(change).where("id", "=", id).execute();
}

/** Only for a play that could not be started: nothing of it exists. */
export async function deletePlay(database: Database, id: string): Promise<void> {
  await database.deleteFrom("plays").where("id", "=", id).execute();
}

/** Plays that are to be stopped for their age, the most overdue first. */
export function listPlaysToExpire(database: Database, nowMs: number, limit: number): Promise<PlayRow[]> {
  return database
    .selectFrom("plays")
    .selectAll()
    .where("destroyed_at", "is", null)
    .where("expired_at", "is", null)
    .where("expires_at", "<=", nowMs)
    .orderBy("expires_at")
    .limit(limit)
    .execute();
}

/** Plays without persistence that were stopped for their age before `expiredBefore`. */
export function listPlaysToDestroy(database: Database, expiredBefore: number, limit: number): Promise<PlayRow[]> {
  return database
    .selectFrom("plays")
    .selectAll()
    .where("destroyed_at", "is", null)
    .where("persistent", "=", 0)
    .where("expired_at", "<=", expiredBefore)
    .orderBy("expired_at")
    .limit(limit)
    .execute();
}

/** When the next play expires. */
export async function nextExpiry(database: Database): Promise<number | undefined> {
  const row = await database
    .selectFrom("plays")
    .select(expression => expression.fn.min<number | null>("expires_at").as("at"))
    .where("destroyed_at", "is", null)
    .where("expired_at", "is", null)
    .executeTakeFirst();
  return row?.at ?? undefined;
}
