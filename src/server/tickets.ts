import { newSecret, sha256 } from "./auth/secrets.ts";

interface StoredTicket {
  kind: string;
  value: unknown;
  expiresAtMs: number;
  reusable: boolean;
}

export interface TicketKind<T> {
  readonly name: string;
  readonly lifetimeMs: number;
  /** The official client dials the same URL again for minutes; everything else gets one use. */
  readonly reusable: boolean;
  /** Only carries the type of the value. */
  readonly value?: T;
}

const maxTickets = 10_000;

/**
 * Short-lived permissions that travel in URLs, where headers and cookies cannot go (WebSockets, frames of other
 * origins). Kept in memory only: after a restart clients ask for new ones.
 */
export class Tickets {
  readonly #now: () => number;
  /** In order of issue, so the oldest ones come first. */
  readonly #tickets = new Map<string, StoredTicket>();

  constructor(now: () => number) {
    this.#now = now;
  }

  issue<T>(kind: TicketKind<T>, value: T): string {
    this.#forgetOld();
    const ticket = newSecret();
    this.#tickets.set(sha256(ticket), {
      kind: kind.name,
      value,
      expiresAtMs: this.#now() + kind.lifetimeMs,
      reusable: kind.reusable,
    });
    return ticket;
  }

  /** What the ticket permits; undefined when it is unknown, of another kind, used already or too old. */
  redeem<T>(kind: TicketKind<T>, ticket: string): T | undefined {
    const key = sha256(ticket);
    const stored = this.#tickets.get(key);
    if (stored === undefined || stored.kind !== kind.name) return undefined;
    if (!stored.reusable || stored.expiresAtMs <= this.#now()) this.#tickets.delete(key);
    return stored.expiresAtMs > this.#now() ? (stored.value as T) : undefined;
  }

  #forgetOld(): void {
    for (const [key, ticket] of this.#tickets) {
      if (ticket.expiresAtMs <= this.#now()) this.#tickets.delete(key);
    }
    for (const key of this.#tickets.keys()) {
      if (this.#tickets.size < maxTickets) break;
      this.#tickets.delete(key);
    }
  }
}
