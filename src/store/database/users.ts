import { type Insertable, type Selectable, sql, type Updateable } from "kysely";
import type { Database } from "./open-database.ts";
import type { UsersTable } from "./tables.ts";

export type UserRow = Selectable<UsersTable>;

export function findUser(database: Database, id: string): Promise<UserRow | undefined> {
  return database.selectFrom("users").selectAll().where("id", "=", id).executeTakeFirst();
}

/** Names are told apart without regard to case. */
export function findUserByName(database: Database, name: string): Promise<UserRow | undefined> {
  return database
    .selectFrom("users")
    .selectAll()
    .where(sql<string>`lower(name)`, "=", name.toLowerCase())
    .executeTakeFirst();
}

export function findUsersBy(database: Database, column: "email" | "github_handle", value: string): Promise<UserRow[]> {
  return database
    .selectFrom("users")
    .selectAll()
    .where(sql<string>`lower(${sql.ref(column)})`, "=", value.toLowerCase())
    .execute();
}

export function listUsers(database: Database): Promise<UserRow[]> {
  return database.selectFrom("users").selectAll().orderBy("created_at").execute();
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

export async function insertUser(database: Database, user: Insertable<UsersTable>): Promise<void> {
  await database.insertInto("users").values(user).execute();
}

export async function updateUser(database: Database, id: string, change: Updateable<UsersTable>): Promise<void> {
  await database.updateTable("users").set(change).where("id", "=", id).execute();
}

/**
 * Forgets a person with everything that is theirs: playgrounds, plays (already destroyed: only their rows are left),
 * sessions, tokens, identities and memberships. All of it or nothing.
 */
export async function deleteUser(database: Database, id: string): Promise<void> {
  await database.transaction().execute(async transaction => {
    await transaction.deleteFrom("plays").where("owner", "=", id).execute();
    await transaction.deleteFrom("playgrounds").where("owner", "=", id).execute();
    await transaction.deleteFrom("users").where("id", "=", id).execute();
  });
}
