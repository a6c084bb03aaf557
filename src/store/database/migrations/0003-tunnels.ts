import type { Kysely } from "kysely";

/** Saved port forwards of plays, and the credentials of tunnels into them. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable("port_forwards")
    .addColumn("id", "text", column => column.primaryKey())
    .addColumn("play_id", "text", column => column.notNull().references("plays.id").onDelete("cascade"))
    .addColumn("position", "integer", column => column.notNull())
    .addColumn("kind", "text", column => column.notNull())
    .addColumn("machine", "text", column => column.notNull())
    .addColumn("local_host", "text")
    .addColumn("local_port", "integer")
    .addColumn("remote_host", "text")
    .addColumn("remote_port", "integer")
    .addColumn("created_at", "bigint", column => column.notNull())
    .execute();
  await database.schema
    .createIndex("port_forwards_play")
    .on("port_forwards")
    .columns(["play_id", "position"])
    .execute();
  await database.schema
    .createTable("tunnels")
    .addColumn("id", "text", column => column.primaryKey())
    .addColumn("play_id", "text", column => column.notNull().references("plays.id").onDelete("cascade"))
    .addColumn("machine", "text", column => column.notNull())
    .addColumn("user_id", "text", column => column.notNull().references("users.id").onDelete("cascade"))
    // One of the two: the tunnel ends with what it was opened by.
    .addColumn("session_id", "text", column => column.references("sessions.id").onDelete("cascade"))
    .addColumn("token_id", "text", column => column.references("tokens.id").onDelete("cascade"))
    .addColumn("secret_sha256", "text", column => column.notNull())
    .addColumn("created_at", "bigint", column => column.notNull())
    .addColumn("used_at", "bigint", column => column.notNull())
    .execute();
  await database.schema.createIndex("tunnels_play").on("tunnels").columns(["play_id", "used_at"]).execute();
}
