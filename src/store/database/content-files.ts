import type { Selectable } from "kysely";
import type { Database } from "./open-database.ts";
import type { ContentFilesTable } from "./tables.ts";

export type ContentFileRow = Selectable<ContentFilesTable>;

export function listContentFiles(database: Database, playgroundId: string): Promise<ContentFileRow[]> {
  return database
    .selectFrom("content_files")
    .selectAll()
    .where("playground_id", "=", playgroundId)
    .orderBy("path")
    .execute();
}

export function findContentFile(
  database: Database,
  playgroundId: string,
  path: string,
): Promise<ContentFileRow | undefined> {
  return database
    .selectFrom("content_files")
    .selectAll()
    .where("playground_id", "=", playgroundId)
    .where("path", "=", path)
    .executeTakeFirst();
}

/** What all other files of the playground amount to. */
export interface OtherFiles {
  count: number;
  sizeBytes: number;
}

/**
 * Lets the path mean this file from now on, unless `refuse` throws at the sight of what is there already. Returns the
 * file that the path meant before. Of two at the same time one comes after the other.
 */
export function putContentFile(
  database: Database,
  file: ContentFileRow,
  refuse: (others: OtherFiles) => void,
): Promise<ContentFileRow | undefined> {
  return database.transaction().execute(async transaction => {
    const before = await findContentFile(transaction, file.playground_id, file.path);
    const others = await transaction
      .selectFrom("content_files")
      .select(({ fn }) => [fn.countAll<number>().as("count"), fn.sum<number | null>("size_bytes").as("size")])
      .where("playground_id", "=", file.playground_id)
      .where("path", "!=", file.path)
      .executeTakeFirstOrThrow();
    refuse({ count: others.count, sizeBytes: others.size ?? 0 });
    await transaction
      .insertInto("content_files")
      .values(file)
      .onConflict(conflict => conflict.columns(["playground_id", "path"]).doUpdateSet(file))
      .execute();
    return before;
  });
}

/** The file that was there. */
export async function deleteContentFile(
  database: Database,
  playgroundId: string,
  path: string,
): Promise<ContentFileRow | undefined> {
  return database
    .deleteFrom("content_files")
    .where("playground_id", "=", playgroundId)
    .where("path", "=", path)
    .returningAll()
    .executeTakeFirst();
}
