import type { Selectable } from "kysely";
import type { Database } from "./open-database.ts";
import type { PlaygroundsTable } from "./tables.ts";

export type PlaygroundRow = Selectable<PlaygroundsTable>;

/** False when the name is taken; nothing has been written then. */
export async function insertPlayground(database: Database, playground: PlaygroundRow): Promise<boolean> {
  const result = await database
    .insertInto("playgrounds")
    .values(playground)
    .onConflict(conflict => conflict.column("name").doNothing())
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

export function findPlayground(database: Database, name: string): Promise<PlaygroundRow | undefined> {
  return database.selectFrom("playgrounds").selectAll().where("name", "=", name).executeTakeFirst();
}

/** Of everybody, or of one person with `owner`. */
export function listPlaygrounds(database: Database, owner?: string): Promise<PlaygroundRow[]> {
  const query = database.selectFrom("playgrounds").selectAll().orderBy("updated_at", "desc");
  return (owner === undefined ? query : query.where("owner", "=", owner)).execute();
}

export async function updatePlayground(
  database: Database,
  name: string,
  change: { manifest: string; updated_at: number },
): Promise<void> {
  await database.updateTable("playgrounds").set(change).where("name", "=", name).execute();
}

export async function deletePlayground(database: Database, name: string): Promise<void> {
  await database.deleteFrom("playgrounds").where("name", "=", name).execute();
}

/** Names of playgrounds this person started, the last one first. */
export async function recentlyStartedPlaygrounds(database: Database, owner: string, limit: number): Promise<string[]> {
  const rows = await database
    .selectFrom("plays")
    .select("playground")
    .where("owner", "=", owner)
    .groupBy("playground")
    .orderBy(expression => expression.fn.max("created_at"), "desc")
    .limit(limit)
    .execute();
  return rows.map(row => row.playground);
}

/** Names of playgrounds by the number of their plays, most started first. */
export async function mostStartedPlaygrounds(database: Database, limit: number): Promise<string[]> {
  const rows = await database
    .selectFrom("plays")
    .select("playground")
    .groupBy("playground")
    .orderBy(expression => expression.fn.countAll(), "desc")
    .orderBy("playground")
    .limit(limit)
    .execute();
  return rows.map(row => row.playground);
}
