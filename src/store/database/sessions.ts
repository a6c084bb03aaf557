import type { Selectable } from "kysely";
import type { Database } from "./open-database.ts";
import type { SessionsTable } from "./tables.ts";

export type SessionRow = Selectable<SessionsTable>;

/** Adds a session and forgets those that have expired. */
export async function insertSession(database: Database, session: SessionRow): Promise<void> {
  await database.deleteFrom("sessions").where("expires_at", "<=", session.created_at).execute();
  await database.insertInto("sessions").values(session).execute();
}

export function findSession(database: Database, id: string, nowMs: number): Promise<SessionRow | undefined> {
  return database
    .selectFrom("sessions")
    .selectAll()
    .where("id", "=", id)
    .where("expires_at", ">", nowMs)
    .executeTakeFirst();
}

/** Sessions that wait for approval: bounded, because anyone may ask for one. */
export async function countPendingSessions(database: Database, nowMs: number): Promise<number> {
  const row = await database
    .selectFrom("sessions")
    .select(expression => expression.fn.countAll<number>().as("count"))
    .where("user_id", "is", null)
    .where("expires_at", ">", nowMs)
    .executeTakeFirstOrThrow();
  return row.count;
}

/** True when the session was waiting; approving twice changes nothing. */
export async function approveSession(
  database: Database,
  id: string,
  approval: { user_id: string; expires_at: number },
): Promise<boolean> {
  const result = await database
    .updateTable("sessions")
    .set(approval)
    .where("id", "=", id)
    .where("user_id", "is", null)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

export async function extendSession(database: Database, id: string, expiresAt: number): Promise<void> {
  await database.updateTable("sessions").set({ expires_at: expiresAt }).where("id", "=", id).execute();
}

/** The living sessions of a person, the newest first. */
export function listSessions(database: Database, userId: string, nowMs: number): Promise<SessionRow[]> {
  return database
    .selectFrom("sessions")
    .selectAll()
    .where("user_id", "=", userId)
    .where("expires_at", ">", nowMs)
    .orderBy("created_at", "desc")
    .execute();
}

export async function touchSession(database: Database, id: string, nowMs: number): Promise<void> {
  await database.updateTable("sessions").set({ used_at: nowMs }).where("id", "=", id).execute();
}

/** All of a person except one, e.g. the one that asks for it. */
export async function deleteSessionsOf(database: Database, userId: string, exceptId = ""): Promise<void> {
  await database.deleteFrom("sessions").where("user_id", "=", userId).where("id", "!=", exceptId).execute();
}

export async function deleteSession(database: Database, id: string): Promise<void> {
  await database.deleteFrom("sessions").where("id", "=", id).execute();
}

export async function deleteSessionsOfKind(database: Database, kind: SessionRow["kind"]): Promise<void> {
  await database.deleteFrom("sessions").where("kind", "=", kind).execute();
}
