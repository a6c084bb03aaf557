import type { Selectable } from "kysely";
import type { Database } from "./open-database.ts";
import type { PortsTable } from "./tables.ts";

export type PortRow = Selectable<PortsTable>;

export async function insertPorts(database: Database, ports: readonly PortRow[]): Promise<void> {
  if (ports.length > 0) await database.insertInto("ports").values(ports).execute();
}

export function listPorts(database: Database, playId: string): Promise<PortRow[]> {
  return database.selectFrom("ports").selectAll().where("play_id", "=", playId).orderBy("created_at").execute();
}

export function findPort(database: Database, playId: string, id: string): Promise<PortRow | undefined> {
  return database.selectFrom("ports").selectAll().where("play_id", "=", playId).where("id", "=", id).executeTakeFirst();
}

/** The port behind a host name, with the person its play belongs to. */
export function findPortByLabel(database: Database, label: string): Promise<(PortRow & { owner: string }) | undefined> {
  return database
    .selectFrom("ports")
    .innerJoin("plays", "plays.id", "ports.play_id")
    .selectAll("ports")
    .select("plays.owner as owner")
    .where("ports.label", "=", label)
    .executeTakeFirst();
}

export async function deletePort(database: Database, playId: string, id: string): Promise<boolean> {
  const result = await database
    .deleteFrom("ports")
    .where("play_id", "=", playId)
    .where("id", "=", id)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}
