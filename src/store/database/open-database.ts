import { chmod, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { Kysely } from "kysely";
import { Migrator } from "kysely/migration";
import { Problem } from "../../api/problems.ts";
import { migrations } from "./migrations.ts";
import { nodeSqliteDialect } from "./node-sqlite.ts";
import type { Tables } from "./tables.ts";

export type Database = Kysely<Tables>;

/**
 * Opens (or creates, readable by its owner only) the database and brings it to the newest schema. If a migration
 * fails the file keeps the schema it had. The caller closes it with `destroy()`.
 */
export async function openDatabase(file: string): Promise<Database> {
  if (file !== ":memory:") {
    await mkdir(dirname(file), { recursive: true });
    await (await open(file, "a", 0o600)).close();
    await chmod(file, 0o600);
  }
  const database = new Kysely<Tables>({ dialect: nodeSqliteDialect(file) });
  try {
    await migrate(database);
    return database;
  } catch (error) {
    await database.destroy();
    throw error;
  }
}

async function migrate(database: Database): Promise<void> {
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: async () => migrations },
    // Work that was done side by side lands in any order, and no migration here looks at what another one made.
    allowUnorderedMigrations: true,
  });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const newer = error instanceof Error && /previously executed migration .* is missing/.test(error.message);
  throw newer ? new Problem("server/database-newer", { cause: error }) : error;
}
