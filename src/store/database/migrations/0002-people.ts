import { type Kysely, sql } from "kysely";

/** More than one person: passwords, identities at other providers, groups, and what an account page shows. */
export async function up(database: Kysely<unknown>): Promise<void> {
  for (const column of ["password_hash", "email", "region"]) {
    await database.schema.alterTable("users").addColumn(column, "text").execute();
  }
  await database.schema.alterTable("users").addColumn("disabled_at", "bigint").execute();
  await database.schema.createIndex("users_name").unique().on("users").expression(sql`lower(name)`).execute();
  await database.schema.alterTable("sessions").addColumn("address", "text").execute();
  await database.schema.alterTable("sessions").addColumn("used_at", "bigint").execute();
  await database.schema.createIndex("sessions_user").on("sessions").column("user_id").execute();
  await database.schema.alterTable("tokens").addColumn("used_at", "bigint").execute();
  await database.schema
    .createTable("identities")
    .addColumn("issuer", "text", column => column.notNull())
    .addColumn("subject", "text", column => column.notNull())
    .addColumn("user_id", "text", column => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("label", "text", column => column.notNull())
    .addColumn("created_at", "bigint", column => column.notNull())
    .addPrimaryKeyConstraint("identities_key", ["issuer", "subject"])
    .execute();
  await database.schema
    .createTable("groups")
    .addColumn("name", "text", column => column.primaryKey())
    .addColumn("opens_at", "bigint")
    .addColumn("closes_at", "bigint")
    .addColumn("created_at", "bigint", column => column.notNull())
    .execute();
  await database.schema
    .createTable("group_members")
    .addColumn("group_name", "text", column => column.notNull().references("groups.name").onDelete("cascade"))
    .addColumn("user_id", "text", column => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("role", "text", column => column.notNull())
    .addPrimaryKeyConstraint("group_members_key", ["group_name", "user_id"])
    .execute();
}
