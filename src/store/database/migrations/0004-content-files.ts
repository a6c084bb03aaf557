import type { Kysely } from "kysely";

/** Files that accompany a playground: what each path means now. The bytes lie in the home directory. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable("content_files")
    .addColumn("playground_id", "text", column => column.notNull().references("playgrounds.id").onDelete("cascade"))
    .addColumn("path", "text", column => column.notNull())
    .addColumn("blob", "text", column => column.notNull().unique())
    .addColumn("md5", "text", column => column.notNull())
    .addColumn("size_bytes", "bigint", column => column.notNull())
    .addColumn("updated_at", "bigint", column => column.notNull())
    .addPrimaryKeyConstraint("content_files_key", ["playground_id", "path"])
    .execute();
}
