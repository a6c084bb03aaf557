import type { Database } from "./open-database.ts";

export async function insertLoginCode(
  database: Database,
  code: { code_sha256: string; user_id: string; expires_at: number },
  nowMs: number,
): Promise<void> {
  await database.deleteFrom("login_codes").where("expires_at", "<=", nowMs).execute();
  await database.insertInto("login_codes").values(code).execute();
}

/** Takes the code out in one statement, so two simultaneous uses cannot both win. */
export async function takeLoginCode(
  database: Database,
  codeSha256: string,
  nowMs: number,
): Promise<string | undefined> {
  const row = await database
    .deleteFrom("login_codes")
    .where("code_sha256", "=", codeSha256)
    .returning(["user_id", "expires_at"])
    .executeTakeFirst();
  return row !== undefined && row.expires_at > nowMs ? row.user_id : undefined;
}

export async function deleteLoginCodesOf(database: Database, userId: string): Promise<void> {
  await database.deleteFrom("login_codes").where("user_id", "=", userId).execute();
}
