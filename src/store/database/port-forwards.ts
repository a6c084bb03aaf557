import type { Selectable } from "kysely";
import type { Database } from "./open-database.ts";
import type { PortForwardsTable } from "./tables.ts";

export type PortForwardRow = Selectable<PortForwardsTable>;

export async function insertPortForwards(database: Database, forwards: readonly PortForwardRow[]): Promise<void> {
  if (forwards.length > 0) await database.insertInto("port_forwards").values(forwards).execute();
}

/** In the order in which they were saved: clients name them by their index in it. */
export function listPortForwards(database: Database, playId: string): Promise<PortForwardRow[]> {
  return database
    .selectFrom("port_forwards")
    .selectAll()
    .where("play_id", "=", playId)
    .orderBy("position")
    .orderBy("id")
    .execute();
}

export async function updateLocalEnd(
  database: Database,
  id: string,
  end: Pick<PortForwardRow, "local_host" | "local_port">,
): Promise<void> {
  await database.updateTable("port_forwards").set(end).where("id", "=", id).execute();
}

export async function deletePortForward(database: Database, id: string): Promise<void> {
  await database.deleteFrom("port_forwards").where("id", "=", id).execute();
}
