import type { Kysely } from "kysely";

/** Shells of machines that are shared on host names of their own. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable("shells")
    .addColumn("id", "text", column => column.primaryKey())
    .addColumn("play_id", "text", column => column.notNull().references("plays.id").onDelete("cascade"))
    .addColumn("machine", "text", column => column.notNull())
    .addColumn("user", "text", column => column.notNull())
    .addColumn("label", "text", column => column.notNull().unique())
    .addColumn("access", "text", column => column.notNull())
    .addColumn("created_at", "bigint", column => column.notNull())
    .execute();
  await database.schema.createIndex("shells_play").on("shells").column("play_id").execute();
}
