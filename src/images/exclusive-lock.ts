import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { Problem } from "../api/problems.ts";

const sqliteBusy = 5;
const sqliteFull = 13;
/** Otherwise SQLite writes a file beside the lock, and nobody could tidy up where the disk is full. */
const writeNothing = "PRAGMA journal_mode = MEMORY; ";

interface LockOptions {
  signal?: AbortSignal | undefined;
  onWait?: (() => void) | undefined;
}

/**
 * Runs `work` while nobody else on this host holds the lock file, in this process or another.
 *
 * The lock is a kernel lock taken by SQLite on an empty database file: a holder that is killed loses it at once, so
 * there is no stale lock to detect, in any namespace. The file itself stays (removing it would race). Waiting is
 * polled, ends with `signal`, and `onWait` is called once when there is somebody to wait for.
 */
export async function withExclusiveLock<T>(
  lockFile: string,
  work: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  return withLock(lockFile, "BEGIN EXCLUSIVE", work, options);
}

/** The same together with others that share it: only exclusive holders are kept out, and keep us out. */
export async function withSharedLock<T>(
  lockFile: string,
  work: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  // A transaction that has read something holds SQLite's shared lock until it ends.
  return withLock(lockFile, "BEGIN; SELECT count(*) FROM sqlite_schema", work, options);
}

async function withLock<T>(
  lockFile: string,
  statements: string,
  work: () => Promise<T>,
  options: LockOptions,
): Promise<T> {
  await mkdir(dirname(lockFile), { recursive: true });
  const held = await acquire(lockFile, statements, options);
  try {
    return await work();
  } finally {
    held.close();
  }
}

async function acquire(lockFile: string, statements: string, options: LockOptions): Promise<DatabaseSync> {
  for (let attempt = 0; ; attempt++) {
    options.signal?.throwIfAborted();
    const database = openLock(lockFile);
    try {
      database.exec(writeNothing + statements);
      return database;
    } catch (error) {
      database.close();
      if (codeOf(error) !== sqliteBusy) throw lockProblem(lockFile, error);
    }
    if (attempt === 0) options.onWait?.();
    await delay(Math.min(20 * 2 ** attempt, 200), undefined, options.signal ? { signal: options.signal } : {});
  }
}

function openLock(lockFile: string): DatabaseSync {
  try {
    return new DatabaseSync(lockFile);
  } catch (error) {
    throw lockProblem(lockFile, error);
  }
}

/** The lowest byte is the kind, what is above it the reason (sqlite.org/rescode.html). */
function codeOf(error: unknown): number {
  return ((error as { errcode?: number }).errcode ?? 0) & 0xff;
}

function lockProblem(lockFile: string, cause: unknown): Error {
  const message = `${lockFile} cannot be locked: ${(cause as Error).message}`;
  return codeOf(cause) === sqliteFull
    ? new Problem("host/disk-full", { message, cause })
    : new Error(message, { cause });
}
