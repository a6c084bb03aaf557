import type { Database } from "./open-database.ts";

/** Takes away every way into a play that has been destroyed: exposed ports, shared shells, saved forwards, tunnels. */
export async function deleteAccessOfPlay(database: Database, playId: string): Promise<void> {
  for (const table of ["ports", "shells", "port_forwards", "tunnels"] as const) {
    await database.deleteFrom(table).where("play_id", "=", playId).execute();
  }
}
