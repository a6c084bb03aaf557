import { Problem } from "../../api/problems.ts";
import type { Log } from "../../lib/log.ts";
import type { Plays } from "../../playground/plays.ts";
import type { Database } from "../../store/database/open-database.ts";
import { deleteAccessOfPlay } from "../../store/database/play-access.ts";
import {
  listPlaysToDestroy,
  listPlaysToExpire,
  nextExpiry,
  type PlayRow,
  updatePlay,
} from "../../store/database/plays.ts";

const batch = 100;
/** Also bounds what a jump of the clock can delay. */
const longestSleepMs = 10 * 60_000;
const retryMs = 30_000;
const dayMs = 24 * 60 * 60_000;

export interface ExpiryOptions {
  database: Database;
  plays: Plays;
  keepExpiredDays: number;
  log: Log;
  now: () => number;
}

/**
 * Stops plays at the end of their time and destroys those without persistence some days later. One timer, fed from
 * the rows: a server that was down meanwhile catches up at its start.
 */
export class Expiry implements AsyncDisposable {
  readonly #options: ExpiryOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #closed = false;

  constructor(options: ExpiryOptions) {
    this.#options = options;
  }

  /** Looks at the rows now and again whenever something is due. Call it when a row's time has changed. */
  refresh(): void {
    if (this.#closed) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (!this.#again) return;
      this.#again = false;
      this.refresh();
    });
  }

  async #run(): Promise<void> {
    clearTimeout(this.#timer);
    let sleepMs = retryMs;
    try {
      const complete = await this.sweep();
      const next = await nextExpiry(this.#options.database);
      if (complete) sleepMs = Math.min(longestSleepMs, Math.max(0, (next ?? Infinity) - this.#options.now()));
    } catch (error) {
      this.#options.log.error({ err: error }, "could not look for expired plays");
    }
    if (!this.#closed) this.#timer = setTimeout(() => this.refresh(), sleepMs).unref();
  }

  /** Does what is due now. False when something could not be done and has to be tried again soon. */
  async sweep(): Promise<boolean> {
    const { database, keepExpiredDays, now } = this.#options;
    const expired = await listPlaysToExpire(database, now(), batch);
    const done = [];
    for (const row of expired) done.push(await this.#attempt(row, "stop", () => this.#stop(row)));
    for (const row of await listPlaysToDestroy(database, now() - keepExpiredDays * dayMs, batch)) {
      done.push(await this.#attempt(row, "destroy", () => this.#destroy(row)));
    }
    return done.every(Boolean) && expired.length < batch;
  }

  async #stop(row: PlayRow): Promise<void> {
    const { database, plays, now } = this.#options;
    await ignoringStateProblems(plays.stop(row.id));
    await updatePlay(database, row.id, { expired_at: now(), updated_at: now() });
  }

  async #destroy(row: PlayRow): Promise<void> {
    const { database, plays, now } = this.#options;
    await ignoringStateProblems(plays.destroy(row.id));
    await updatePlay(database, row.id, { destroyed_at: now(), updated_at: now() });
    await deleteAccessOfPlay(database, row.id);
  }

  async #attempt(row: PlayRow, what: string, act: () => Promise<void>): Promise<boolean> {
    const { log } = this.#options;
    try {
      await act();
      log.info({ playId: row.id, what }, "play expired");
      return true;
    } catch (error) {
      log.warn({ err: error, playId: row.id, what }, "an expired play could not be put away; trying again");
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }
}

/** A play that is stopped, gone or without a runner already is as good as stopped. */
async function ignoringStateProblems(action: Promise<void>): Promise<void> {
  try {
    await action;
  } catch (error) {
    if (!(error instanceof Problem) || !resting.includes(error.code)) throw error;
  }
}

const resting = ["playground/action-not-allowed", "playground/runner-gone", "server/not-found"];
