import type { Selectable } from "kysely";
import type { Database } from "./open-database.ts";
import type { TunnelsTable } from "./tables.ts";

export type TunnelRow = Selectable<TunnelsTable>;

export async function insertTunnel(database: Database, tunnel: TunnelRow): Promise<void> {
  await database.insertInto("tunnels").values(tunnel).execute();
}

/** The tunnel as long as its play has not been destroyed and what opened it is still good. */
export function findLiveTunnel(database: Database, id: string, nowMs: number): Promise<TunnelRow | undefined> {
  return database
    .selectFrom("tunnels")
    .innerJoin("plays", "plays.id", "tunnels.play_id")
    .leftJoin("sessions", "sessions.id", "tunnels.session_id")
    .leftJoin("tokens", "tokens.id", "tunnels.token_id")
    .selectAll("tunnels")
    .where("tunnels.id", "=", id)
    .where("plays.destroyed_at", "is", null)
    .where(expression =>
      expression.or([expression("sessions.expires_at", ">", nowMs), expression("tokens.expires_at", ">", nowMs)]),
    )
    .executeTakeFirst();
}

export async function markTunnelUsed(database: Database, id: string, nowMs: number): Promise<void> {
  await database.updateTable("tunnels").set({ used_at: nowMs }).where("id", "=", id).execute();
}

/** Forgets the tunnels of a play that were last used before `unusedSinceMs`, and all but the `keep` that were used last. */
export async function deleteOldTunnels(
  database: Database,
  playId: string,
  { unusedSinceMs, keep }: { unusedSinceMs: number; keep: number },
): Promise<void> {
  const superfluous = database
    .selectFrom("tunnels")
    .select("id")
    .where("play_id", "=", playId)
    .orderBy("used_at", "desc")
    .limit(-1)
    .offset(keep);
  await database
    .deleteFrom("tunnels")
    .where("play_id", "=", playId)
    .where(expression =>
      expression.or([expression("used_at", "<", unusedSinceMs), expression("id", "in", superfluous)]),
    )
    .execute();
}
