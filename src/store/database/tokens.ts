import type { Insertable, Selectable } from "kysely";
import type { Database } from "./open-database.ts";
import type { TokensTable } from "./tables.ts";

export type TokenRow = Selectable<TokensTable>;

export async function insertToken(database: Database, token: Insertable<TokensTable>): Promise<void> {
  await database.insertInto("tokens").values(token).execute();
}

export function findTokenBySecret(
  database: Database,
  secretSha256: string,
  nowMs: number,
): Promise<TokenRow | undefined> {
  return database
    .selectFrom("tokens")
    .selectAll()
    .where("secret_sha256", "=", secretSha256)
    .where("expires_at", ">", nowMs)
    .executeTakeFirst();
}

export function findToken(database: Database, id: string, nowMs: number): Promise<TokenRow | undefined> {
  return database
    .selectFrom("tokens")
    .selectAll()
    .where("id", "=", id)
    .where("expires_at", ">", nowMs)
    .executeTakeFirst();
}

export async function touchToken(database: Database, id: string, nowMs: number): Promise<void> {
  await database.updateTable("tokens").set({ used_at: nowMs }).where("id", "=", id).execute();
}

export async function deleteTokensOf(database: Database, userId: string): Promise<void> {
  await database.deleteFrom("tokens").where("user_id", "=", userId).execute();
}

export function listTokens(database: Database, userId: string, nowMs: number): Promise<TokenRow[]> {
  return database
    .selectFrom("tokens")
    .selectAll()
    .where("user_id", "=", userId)
    .where("expires_at", ">", nowMs)
    .orderBy("created_at", "desc")
    .execute();
}

export async function deleteToken(database: Database, userId: string, id: string): Promise<boolean> {
  const result = await database
    .deleteFrom("tokens")
    .where("id", "=", id)
    .where("user_id", "=", userId)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}
