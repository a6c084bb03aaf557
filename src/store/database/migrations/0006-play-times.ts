import { type Kysely, sql } from "kysely";

const longestMs = 3650 * 24 * 60 * 60_000;

/**
 * Play times once had no upper bound, and a row with a number beyond what JavaScript counts exactly cannot be read at
 * all. Such plays get the longest time there is.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`
    UPDATE plays SET max_play_time_ms = ${longestMs}, expires_at = created_at + ${longestMs}
    WHERE max_play_time_ms > ${longestMs} OR expires_at > ${Number.MAX_SAFE_INTEGER}
  `.execute(database);
}
