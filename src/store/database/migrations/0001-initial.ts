import type { Kysely } from "kysely";

/** Migrations never use the Tables type: it describes the newest schema, they describe theirs. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable("users")
    .addColumn("id", "text", column => column.primaryKey())
    .addColumn("name", "text", column => column.notNull())
    .addColumn("administrator", "integer", column => column.notNull())
    .addColumn("github_handle", "text")
    .addColumn("created_at", "bigint", column => column.notNull())
    .execute();
  await database.schema
    .createTable("login_codes")
    .addColumn("code_sha256", "text", column => column.primaryKey())
    .addColumn("user_id", "text", column => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("expires_at", "bigint", column => column.notNull())
    .execute();
  await database.schema
    .createTable("sessions")
    .addColumn("id", "text", column => column.primaryKey())
    .addColumn("kind", "text", column => column.notNull())
    .addColumn("secret_sha256", "text", column => column.notNull())
    .addColumn("user_id", "text", column => column.references("users.id").onDelete("cascade"))
    .addColumn("user_agent", "text", column => column.notNull())
    .addColumn("created_at", "bigint", column => column.notNull())
    .addColumn("expires_at", "bigint", column => column.notNull())
    .execute();
  await database.schema
    .createTable("tokens")
    .addColumn("id", "text", column => column.primaryKey())
    .addColumn("user_id", "text", column => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("name", "text", column => column.notNull())
    .addColumn("scope", "text", column => column.notNull())
    .addColumn("secret_sha256", "text", column => column.notNull().unique())
    .addColumn("created_at", "bigint", column => column.notNull())
    .addColumn("expires_at", "bigint", column => column.notNull())
    .execute();
  await database.schema
    .createTable("playgrounds")
    .addColumn("id", "text", column => column.primaryKey())
    .addColumn("name", "text", column => column.notNull().unique())
    .addColumn("owner", "text", column => column.notNull().references("users.id"))
    .addColumn("base", "text", column => column.notNull())
    .addColumn("manifest", "text", column => column.notNull())
    .addColumn("created_at", "bigint", column => column.notNull())
    .addColumn("updated_at", "bigint", column => column.notNull())
    .execute();
  await database.schema.createIndex("playgrounds_owner").on("playgrounds").column("owner").execute();
  await database.schema
    .createTable("plays")
    .addColumn("id", "text", column => column.primaryKey())
    .addColumn("owner", "text", column => column.notNull().references("users.id"))
    // No reference to playgrounds: a play outlives the playground it was started from.
    .addColumn("playground", "text", column => column.notNull())
    .addColumn("playground_owner", "text", column => column.notNull())
    .addColumn("manifest", "text", column => column.notNull())
    .addColumn("init_conditions", "text", column => column.notNull())
    .addColumn("warnings", "text", column => column.notNull())
    .addColumn("title", "text", column => column.notNull())
    .addColumn("persistent", "integer", column => column.notNull())
    .addColumn("max_play_time_ms", "bigint", column => column.notNull())
    .addColumn("created_at", "bigint", column => column.notNull())
    .addColumn("updated_at", "bigint", column => column.notNull())
    .addColumn("expires_at", "bigint", column => column.notNull())
    .addColumn("expired_at", "bigint")
    .addColumn("destroyed_at", "bigint")
    .execute();
  await database.schema.createIndex("plays_owner").on("plays").columns(["owner", "created_at"]).execute();
  await database.schema.createIndex("plays_expiry").on("plays").column("expires_at").execute();
  await database.schema
    .createTable("ports")
    .addColumn("id", "text", column => column.primaryKey())
    .addColumn("play_id", "text", column => column.notNull().references("plays.id").onDelete("cascade"))
    .addColumn("machine", "text", column => column.notNull())
    .addColumn("number", "integer", column => column.notNull())
    .addColumn("label", "text", column => column.notNull().unique())
    .addColumn("access", "text", column => column.notNull())
    .addColumn("tls", "integer", column => column.notNull())
    .addColumn("host_rewrite", "text")
    .addColumn("path_rewrite", "text")
    .addColumn("tab_id", "text")
    .addColumn("created_at", "bigint", column => column.notNull())
    .execute();
  await database.schema.createIndex("ports_play").on("ports").column("play_id").execute();
  await database.schema
    .createTable("settings")
    .addColumn("name", "text", column => column.primaryKey())
    .addColumn("value", "text", column => column.notNull())
    .execute();
}
