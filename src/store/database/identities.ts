import type { Selectable } from "kysely";
import type { Database } from "./open-database.ts";
import type { IdentitiesTable } from "./tables.ts";

export type IdentityRow = Selectable<IdentitiesTable>;

export function findIdentity(database: Database, issuer: string, subject: string): Promise<IdentityRow | undefined> {
  return database
    .selectFrom("identities")
    .selectAll()
    .where("issuer", "=", issuer)
    .where("subject", "=", subject)
    .executeTakeFirst();
}

export function listIdentities(database: Database, userId: string): Promise<IdentityRow[]> {
  return database.selectFrom("identities").selectAll().where("user_id", "=", userId).orderBy("created_at").execute();
}

/** False when somebody has this identity already; nothing has been written then. */
export async function insertIdentity(database: Database, identity: IdentityRow): Promise<boolean> {
  const result = await database
    .insertInto("identities")
    .values(identity)
    .onConflict(conflict => conflict.columns(["issuer", "subject"]).doNothing())
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

export async function deleteIdentity(database: Database, userId: string, issuer: string): Promise<boolean> {
  const result = await database
    .deleteFrom("identities")
    .where("user_id", "=", userId)
    .where("issuer", "=", issuer)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}
