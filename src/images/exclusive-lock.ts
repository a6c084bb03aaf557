import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";

const sqliteBusy = 5;

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
    const database = new DatabaseSync(lockFile);
    try {
      database.exec(statements);
      return database;
    } catch (error) {
      database.close();
      if ((error as { errcode?: number }).errcode !== sqliteBusy) throw error;
    }
    if (attempt === 0) options.onWait?.();
    await delay(Math.min(20 * 2 ** attempt, 200), undefined, options.signal ? { signal: options.signal } : {});
  }
}
