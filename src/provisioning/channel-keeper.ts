import { setTimeout as delay } from "node:timers/promises";
import { Problem } from "../api/problems.ts";
import type { Channel } from "./channel.ts";

export interface WaitOptions {
  signal: AbortSignal;
  deadlineMs: number;
}

export interface ChannelKeeperOptions {
  connect(
    machine: string,
    username: string,
    options: WaitOptions & { onRetry(reason: string): void },
  ): Promise<Channel>;
  /** Over all machines and users. Default 64. */
  maxChannels?: number;
}

interface Entry {
  channel: Promise<Channel>;
  open: Channel | undefined;
  /** Ends the attempt when nobody waits any more. */
  attempt: AbortController;
  waiting: number;
  lastReason: string;
}

/** Why a wait ended that had not come to its deadline: the machine was stopped, or restarts. */
export class ChannelsDropped extends Error {
  override readonly name = "ChannelsDropped";
}

/** One attempt lasts longer than any waiter should: each waiter brings its own deadline. */
const attemptDeadlineMs = 24 * 60 * 60 * 1000;

/**
 * Keeps at most one connection per machine and user, opened when first asked for and again after it was lost
 * (a reboot of the guest). Owns all of them.
 */
export class ChannelKeeper implements AsyncDisposable {
  readonly #options: ChannelKeeperOptions;
  readonly #entries = new Map<string, Entry>();
  #closed = false;

  constructor(options: ChannelKeeperOptions) {
    this.#options = options;
  }

  /**
   * A live channel, waiting for the machine if need be. Callers of the same machine and user share the attempt.
   * Rejects with the Problem of the attempt, `provisioning/channel-timeout`, or the signal's reason.
   */
  async get(machine: string, username: string, { signal, deadlineMs }: WaitOptions): Promise<Channel> {
    signal.throwIfAborted();
    const key = `${machine}\0${username}`;
    let entry = this.#entries.get(key);
    if (entry?.open?.isOpen) return entry.open;
    if (entry === undefined || entry.open !== undefined) entry = await this.#begin(key, machine, username);
    entry.waiting++;
    const stop = new AbortController();
    const timeout = delay(deadlineMs, undefined, { signal: AbortSignal.any([signal, stop.signal]) }).then(
      () => Promise.reject(this.#timeout(machine, username, deadlineMs, entry.lastReason)),
      () => (signal.aborted ? Promise.reject(signal.reason) : new Promise<never>(() => {})),
    );
    try {
      return await Promise.race([entry.channel, timeout]);
    } finally {
      stop.abort();
      timeout.catch(() => {});
      if (--entry.waiting === 0 && entry.open === undefined) {
        entry.attempt.abort();
        if (this.#entries.get(key) === entry) this.#entries.delete(key);
      }
    }
  }

  /** Closes the connections of a machine, e.g. before it is stopped. */
  async drop(machine: string): Promise<void> {
    const own = [...this.#entries].filter(([key]) => key.startsWith(`${machine}\0`));
    await Promise.all(own.map(([key, entry]) => this.#end(key, entry)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#entries].map(([key, entry]) => this.#end(key, entry)));
  }

  async #begin(key: string, machine: string, username: string): Promise<Entry> {
    if (this.#closed) throw new Error("the channels of this play are closed");
    const attempt = new AbortController();
    const entry: Entry = {
      attempt,
      open: undefined,
      waiting: 0,
      lastReason: "no attempt yet",
      channel: Promise.resolve().then(async () => {
        await this.#makeRoom(key);
        const channel = await this.#options.connect(machine, username, {
          signal: attempt.signal,
          deadlineMs: attemptDeadlineMs,
          onRetry: reason => (entry.lastReason = reason),
        });
        if (attempt.signal.aborted) {
          await channel[Symbol.asyncDispose]();
          throw attempt.signal.reason;
        }
        entry.open = channel;
        void channel.closed.then(() => this.#entries.get(key) === entry && this.#entries.delete(key));
        return channel;
      }),
    };
    this.#entries.set(key, entry);
    entry.channel.catch(() => this.#entries.get(key) === entry && this.#entries.delete(key));
    return entry;
  }

  /** Lets go of a connection that carries nothing when there are too many. */
  async #makeRoom(key: string): Promise<void> {
    if (this.#entries.size <= (this.#options.maxChannels ?? 64)) return;
    const idle = [...this.#entries].find(([other, { open }]) => other !== key && open?.sessionCount === 0);
    if (idle === undefined) throw new Problem("provisioning/too-many-channels");
    await this.#end(...idle);
  }

  async #end(key: string, entry: Entry): Promise<void> {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
    entry.attempt.abort(new ChannelsDropped("the channels of this machine were closed"));
    const channel = await entry.channel.catch(() => undefined);
    await channel?.[Symbol.asyncDispose]();
  }

  #timeout(machine: string, username: string, deadlineMs: number, reason: string): Problem {
    const seconds = Math.round(deadlineMs / 1000);
    return new Problem("provisioning/channel-timeout", {
      message: `"${machine}" did not open a channel for "${username}" within ${seconds} s (${reason})`,
      where: { machine, step: "channel" },
    });
  }
}
