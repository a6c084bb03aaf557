import { Problem } from "../../api/problems.ts";

/** So many mistakes are free, as people make them. */
const freeFailures = 5;
const firstWaitMs = 1000;
const longestWaitMs = 60_000;
/** An account is guarded against guesses from everywhere after so many of them within the window. */
const freeFailuresOfAccount = 50;
const forgetAfterMs = 15 * 60_000;
const maxEntries = 10_000;

interface Failures {
  count: number;
  lastAtMs: number;
}

export interface Attempt {
  /** As typed; accounts that do not exist are counted alike. */
  name: string;
  address: string;
  /** This person has logged in from this address before: guesses of others from elsewhere do not hold them up. */
  isKnownAddress: boolean;
}

/**
 * Slows guessing down without giving anyone the power to lock an account: mistakes count for the pair of account and
 * address, so a guesser waits longer and longer while the owner, elsewhere, does not. Guesses at one account from very
 * many addresses are slowed for unknown addresses only. Kept in memory, bounded; a restart forgets it.
 */
export class LoginThrottle {
  readonly #now: () => number;
  readonly #failures = new Map<string, Failures>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Throws `server/rate-limited`, with the seconds to wait, when it is too early for another attempt. */
  require(attempt: Attempt): void {
    const waitsMs = [this.#waitMs(pairKey(attempt), freeFailures)];
    if (!attempt.isKnownAddress) waitsMs.push(this.#waitMs(accountKey(attempt), freeFailuresOfAccount));
    const seconds = Math.ceil(Math.max(...waitsMs) / 1000);
    if (seconds <= 0) return;
    throw new Problem("server/rate-limited", {
      message: `Too many wrong passwords: try again in ${seconds} s`,
      hint: `Wait ${seconds} s, or log in with a one-time address ('labyard login-url').`,
      details: [{ retryAfterSeconds: seconds }],
    });
  }

  failed(attempt: Attempt): void {
    this.#count(pairKey(attempt));
    this.#count(accountKey(attempt));
  }

  succeeded(attempt: Attempt): void {
    this.#failures.delete(pairKey(attempt));
  }

  #waitMs(key: string, free: number): number {
    const failures = this.#recent(key);
    if (failures === undefined || failures.count < free) return 0;
    const waitMs = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(failures.count - free, 20));
    return failures.lastAtMs + waitMs - this.#now();
  }

  #recent(key: string): Failures | undefined {
    const failures = this.#failures.get(key);
    return failures && this.#now() - failures.lastAtMs < forgetAfterMs ? failures : undefined;
  }

  #count(key: string): void {
    const count = (this.#recent(key)?.count ?? 0) + 1;
    // Taken out first, so that the map stays in order of the last failure.
    this.#failures.delete(key);
    this.#failures.set(key, { count, lastAtMs: this.#now() });
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size <= maxEntries) break;
      this.#failures.delete(oldest);
    }
  }
}

const pairKey = ({ name, address }: Attempt) => `${name.toLowerCase()} ${address}`;
const accountKey = ({ name }: Attempt) => name.toLowerCase();
