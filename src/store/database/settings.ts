import type { Database } from "./open-database.ts";

/** The stored value, or `create()` stored and returned: two servers starting at once agree on one value. */
export async function settingOr(database: Database, name: string, create: () => string): Promise<string> {
  await database
    .insertInto("settings")
    .values({ name, value: create() })
    .onConflict(conflict => conflict.column("name").doNothing())
    .execute();
  const row = await database.selectFrom("settings").select("value").where("name", "=", name).executeTakeFirstOrThrow();
  return row.value;
}
