import { readFile, rm } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { Problem } from "../api/problems.ts";
import { writeFileAtomic } from "../lib/atomic-file.ts";
import { type Paths, serverLockFile, serverRecordFile } from "../store/paths.ts";

const recordSchema = z.object({ pid: z.int(), url: z.string(), instance: z.string() });
const answerTimeoutMs = 2000;
const sqliteBusy = 5;

/** Address and identity of the server that uses a home. */
export type ServerRecord = z.infer<typeof recordSchema>;

/**
 * Makes this process the one server of the home. It is a kernel lock, taken by SQLite on an empty file: whoever is
 * killed loses it at once, so there is nothing stale to clean up. Throws `server/already-running` with the other's
 * address.
 */
export async function lockHome(paths: Paths): Promise<Disposable> {
  const lock = new DatabaseSync(serverLockFile(paths));
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return { [Symbol.dispose]: () => lock.close() };
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== sqliteBusy) throw error;
    const other = await readRecord(paths);
    const who = other === undefined ? "" : ` (process ${other.pid}, ${other.url})`;
    throw new Problem("server/already-running", {
      message: `Another Labyard server${who} uses ${paths.home}`,
      cause: error,
    });
  }
}

/** The server that answers for this home now. A record alone proves nothing: only its own answer counts. */
export async function findRunningServer(paths: Paths): Promise<ServerRecord | undefined> {
  const record = await readRecord(paths);
  if (record === undefined) return undefined;
  try {
    const response = await fetch(`${record.url}/api/health`, { signal: AbortSignal.timeout(answerTimeoutMs) });
    const health = (await response.json()) as { product?: unknown; instance?: unknown };
    return health.product === "labyard" && health.instance === record.instance ? record : undefined;
  } catch {
    // Gone, or another program has taken its port.
    return undefined;
  }
}

export async function writeServerRecord(paths: Paths, record: ServerRecord): Promise<void> {
  await writeFileAtomic(serverRecordFile(paths), `${JSON.stringify(record)}\n`, 0o600);
}

export async function removeServerRecord(paths: Paths): Promise<void> {
  await rm(serverRecordFile(paths), { force: true });
}

async function readRecord(paths: Paths): Promise<ServerRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(serverRecordFile(paths), "utf8")));
  } catch {
    // Absent, or of a server that never came so far.
    return undefined;
  }
}
