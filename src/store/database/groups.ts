import type { Selectable } from "kysely";
import type { Database } from "./open-database.ts";
import type { GroupMembersTable, GroupsTable } from "./tables.ts";

export type GroupRow = Selectable<GroupsTable>;
export type GroupMemberRow = Selectable<GroupMembersTable>;

export function listGroups(database: Database): Promise<GroupRow[]> {
  return database.selectFrom("groups").selectAll().orderBy("name").execute();
}

export async function groupNames(database: Database): Promise<string[]> {
  return (await database.selectFrom("groups").select("name").execute()).map(({ name }) => name);
}

export function findGroup(database: Database, name: string): Promise<GroupRow | undefined> {
  return database.selectFrom("groups").selectAll().where("name", "=", name).executeTakeFirst();
}

export async function insertGroup(database: Database, group: GroupRow): Promise<boolean> {
  const result = await database
    .insertInto("groups")
    .values(group)
    .onConflict(conflict => conflict.column("name").doNothing())
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

export async function updateGroup(
  database: Database,
  name: string,
  window: Pick<GroupRow, "opens_at" | "closes_at">,
): Promise<void> {
  await database.updateTable("groups").set(window).where("name", "=", name).execute();
}

export async function deleteGroup(database: Database, name: string): Promise<boolean> {
  const result = await database.deleteFrom("groups").where("name", "=", name).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

export function listGroupMembers(database: Database, name: string): Promise<Array<GroupMemberRow & { user: string }>> {
  return database
    .selectFrom("group_members")
    .innerJoin("users", "users.id", "group_members.user_id")
    .selectAll("group_members")
    .select("users.name as user")
    .where("group_name", "=", name)
    .orderBy("users.name")
    .execute();
}

/** Adds the person, or changes the role they have. */
export async function putGroupMember(database: Database, member: GroupMemberRow): Promise<void> {
  await database
    .insertInto("group_members")
    .values(member)
    .onConflict(conflict => conflict.columns(["group_name", "user_id"]).doUpdateSet({ role: member.role }))
    .execute();
}

export async function deleteGroupMember(database: Database, name: string, userId: string): Promise<boolean> {
  const result = await database
    .deleteFrom("group_members")
    .where("group_name", "=", name)
    .where("user_id", "=", userId)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** The groups a person counts in at this time, by role: students while the window is open, instructors always. */
export async function membershipsOf(
  database: Database,
  userId: string,
  nowMs: number,
): Promise<Record<GroupMemberRow["role"], string[]>> {
  const rows = await database
    .selectFrom("group_members")
    .innerJoin("groups", "groups.name", "group_members.group_name")
    .select(["groups.name", "groups.opens_at", "groups.closes_at", "group_members.role"])
    .where("user_id", "=", userId)
    .execute();
  const isOpen = (row: (typeof rows)[number]) => (row.opens_at ?? 0) <= nowMs && nowMs < (row.closes_at ?? Infinity);
  const namesOf = (matching: (row: (typeof rows)[number]) => boolean) => rows.filter(matching).map(({ name }) => name);
  return {
    student: namesOf(row => row.role === "student" && isOpen(row)),
    instructor: namesOf(row => row.role === "instructor"),
  };
}
