import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { ConnMessage } from "../../api/contract/conns.ts";
import type { PlayState } from "../../api/play-state.ts";
import { Problem } from "../../api/problems.ts";
import { playStatus, playTask } from "../plays/play-status.ts";
import type { PlayFeeds } from "../plays/play-feed.ts";

/** The official client looks at its wait condition only when a message arrives, so silence would hang it. */
const repeatMs = 5000;
/** A reader that is this far behind gets the next full snapshot instead of every change. */
const maxBufferedBytes = 1024 * 1024;
const maxSockets = 2000;
/** Pings without an answer for ten minutes. The official client does not come back, and a laptop may be asleep. */
const maxMissedPongs = 120;

/** Streams the states of plays to browsers and command line clients; they only listen. */
export class ConnSockets {
  readonly #feeds: PlayFeeds;
  readonly #server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 1024 });

  constructor(feeds: PlayFeeds) {
    this.#feeds = feeds;
  }

  /**
   * Takes over an authorized upgrade: a full snapshot at once, every change, and the snapshot again every 5 s. Throws
   * `server/rate-limited`, the socket untouched, when too many are open.
   */
  accept(playId: string, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#server.clients.size >= maxSockets) {
      throw new Problem("server/rate-limited", { message: "Too many connections follow plays on this server" });
    }
    this.#server.handleUpgrade(request, socket, head, client => this.#stream(playId, client));
  }

  close(): void {
    for (const client of this.#server.clients) client.close(1001, "the server is shutting down");
    this.#server.close();
  }

  #stream(playId: string, client: WebSocket): void {
    let latest: PlayState | undefined;
    let previous: PlayState | undefined;
    let missedPongs = 0;
    const unsubscribe = this.#feeds.subscribe(playId, state => {
      latest = state;
      if (client.bufferedAmount > maxBufferedBytes) return;
      for (const message of messagesOf(state, previous)) client.send(JSON.stringify(message));
      previous = state;
    });
    const timer = setInterval(() => {
      if (missedPongs >= maxMissedPongs) return client.terminate();
      missedPongs += 1;
      client.ping();
      if (latest === undefined || client.bufferedAmount > maxBufferedBytes) return;
      for (const message of messagesOf(latest, undefined)) client.send(JSON.stringify(message));
      previous = latest;
    }, repeatMs);
    client.on("pong", () => (missedPongs = 0));
    client.on("error", () => client.terminate());
    client.once("close", () => {
      clearInterval(timer);
      unsubscribe();
    });
  }
}

/** All messages for a snapshot; after a known state, tasks only where they changed. */
function messagesOf(state: PlayState, previous: PlayState | undefined): ConnMessage[] {
  const known = new Map(previous?.tasks.map(task => [task.name, task]));
  const isChanged = (task: PlayState["tasks"][number]) => {
    const before = known.get(task.name);
    return before === undefined || before.version !== task.version || before.status !== task.status;
  };
  return [
    // Our own clients read only this one; the official one ignores it.
    { kind: "state", state },
    // Tasks first: the official client decides on a status when it arrives, by the tasks it knows then.
    ...state.tasks.filter(isChanged).map(task => ({ kind: "task", task: playTask(task) }) as const),
    { kind: "status", status: playStatus(state) },
  ];
}
