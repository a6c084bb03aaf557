import type { PlayState } from "../../api/play-state.ts";
import type { Log } from "../../lib/log.ts";
import type { Plays } from "../../playground/plays.ts";
import { hasEnded } from "./play-json.ts";

/** How soon a play that came to life elsewhere (a restart by another process) is noticed. */
const restingPollMs = 2000;

type Listener = (state: PlayState) => void;

interface Feed {
  listeners: Set<Listener>;
  stop: AbortController;
  last: PlayState | undefined;
  wake: () => void;
}

/**
 * Shares one watch of a play among all who listen, and goes on listening when the play rests: a stopped play may be
 * restarted, and its listeners must hear of it on the same connection.
 */
export class PlayFeeds {
  readonly #plays: Plays;
  readonly #lostState: (playId: string) => Promise<PlayState | undefined>;
  readonly #log: Log;
  readonly #feeds = new Map<string, Feed>();

  /** `lostState` tells what is known of a play that has no files. */
  constructor(plays: Plays, lostState: (playId: string) => Promise<PlayState | undefined>, log: Log) {
    this.#plays = plays;
    this.#lostState = lostState;
    this.#log = log;
  }

  /** Calls `listener` with the present state soon and after every change, until the returned function is called. */
  subscribe(playId: string, listener: Listener): () => void {
    let feed = this.#feeds.get(playId);
    if (feed === undefined) {
      feed = { listeners: new Set(), stop: new AbortController(), last: undefined, wake: () => {} };
      this.#feeds.set(playId, feed);
      void this.#follow(playId, feed);
    }
    const joined = feed;
    joined.listeners.add(listener);
    if (joined.last !== undefined) listener(joined.last);
    return () => {
      joined.listeners.delete(listener);
      if (joined.listeners.size > 0 || this.#feeds.get(playId) !== joined) return;
      this.#feeds.delete(playId);
      joined.stop.abort();
      joined.wake();
    };
  }

  /** The play may have come to life: looks at once instead of at the next poll. */
  poke(playId: string): void {
    this.#feeds.get(playId)?.wake();
  }

  close(): void {
    for (const feed of this.#feeds.values()) {
      feed.stop.abort();
      feed.wake();
    }
    this.#feeds.clear();
  }

  async #follow(playId: string, feed: Feed): Promise<void> {
    const { signal } = feed.stop;
    while (!signal.aborted) {
      try {
        for await (const state of this.#states(playId, signal)) {
          feed.last = state;
          for (const listener of feed.listeners) listener(state);
        }
      } catch (error) {
        if (!signal.aborted) this.#log.debug({ err: error, playId }, "lost sight of a play");
      }
      if (signal.aborted) return;
      // Nothing more can happen to a destroyed play; its last state is still repeated to whoever listens.
      const ended = feed.last !== undefined && hasEnded(feed.last);
      await pause(feed, ended ? undefined : restingPollMs);
    }
  }

  async *#states(playId: string, signal: AbortSignal): AsyncGenerator<PlayState> {
    // Silence would leave whoever listens waiting for good.
    const lost = (await this.#plays.state(playId)) === undefined ? await this.#lostState(playId) : undefined;
    if (lost !== undefined) yield lost;
    else yield* this.#plays.watch(playId, signal);
  }
}

function pause(feed: Feed, ms: number | undefined): Promise<void> {
  return new Promise(resolve => {
    const timer = ms === undefined ? undefined : setTimeout(() => feed.wake(), ms);
    feed.wake = () => {
      clearTimeout(timer);
      feed.wake = () => {};
      resolve();
    };
    if (feed.stop.signal.aborted) feed.wake();
  });
}
