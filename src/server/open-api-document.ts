import { createLog } from "../lib/log.ts";
import type { Plays } from "../playground/plays.ts";
import { openDatabase } from "../store/database/open-database.ts";
import { buildServer } from "./build-server.ts";
import { parseConfig } from "./config.ts";

/** The content of docs/reference/openapi.json: what the server answers at /api/openapi.json, made without a home. */
export async function renderOpenApi(): Promise<string> {
  const database = await openDatabase(":memory:");
  // Describing the routes asks nothing of plays.
  const plays = {} as Plays;
  const { app } = await buildServer({
    config: parseConfig(""),
    plays,
    database,
    log: createLog("docs", "silent"),
    contentDirectory: "/nonexistent",
  });
  try {
    return `${JSON.stringify(app.swagger(), null, 2)}\n`;
  } finally {
    await app.close();
    await database.destroy();
  }
}
