import type { Selectable } from "kysely";
import type { Database } from "./open-database.ts";
import type { ShellsTable } from "./tables.ts";

export type ShellRow = Selectable<ShellsTable>;

export async function insertShell(database: Database, shell: ShellRow): Promise<void> {
  await database.insertInto("shells").values(shell).execute();
}

export function listShells(database: Database, playId: string): Promise<ShellRow[]> {
  return database.selectFrom("shells").selectAll().where("play_id", "=", playId).orderBy("created_at").execute();
}

export function findShell(database: Database, playId: string, id: string): Promise<ShellRow | undefined> {
  return database
    .selectFrom("shells")
    .selectAll()
    .where("play_id", "=", playId)
    .where("id", "=", id)
    .executeTakeFirst();
}

/** The shell behind a host name, with the person its play belongs to. */
export function findShellByLabel(
  database: Database,
  label: string,
): Promise<(ShellRow & { owner: string }) | undefined> {
  return database
    .selectFrom("shells")
    .innerJoin("plays", "plays.id", "shells.play_id")
    .selectAll("shells")
    .select("plays.owner as owner")
    .where("shells.label", "=", label)
    .executeTakeFirst();
}

export async function deleteShell(database: Database, playId: string, id: string): Promise<boolean> {
  const result = await database
    .deleteFrom("shells")
    .where("play_id", "=", playId)
    .where("id", "=", id)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}
