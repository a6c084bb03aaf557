import type { Selectable } from "kysely";
import type { Database } from "./open-database.ts";
import type { UsersTable } from "./tables.ts";

export type UserRow = Selectable<UsersTable>;

export function findUser(database: Database, id: string): Promise<UserRow | undefined> {
  return database.selectFrom("users").selectAll().where("id", "=", id).executeTakeFirst();
}

/** The local owner: the first administrator. */
export function findLocalOwner(database: Database): Promise<UserRow | undefined> {
  return database
    .selectFrom("users")
    .selectAll()
    .where("administrator", "=", 1)
    .orderBy("created_at")
    .limit(1)
    .executeTakeFirst();
}

export async function insertUser(database: Database, user: UserRow): Promise<void> {
  await database.insertInto("users").values(user).execute();
}
