import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { Problem } from "../api/problems.ts";
import { keepAlive } from "./keep-alive.ts";

/** What may end a session early: its client has left, or (`ended`) that or the end of all. */
export interface SessionEnds {
  gone: AbortSignal;
  ended: AbortSignal;
}

/** The WebSockets of a play that each follow one program in a machine: a bounded number, let go of together. */
export class SessionSockets implements AsyncDisposable {
  readonly #maxSessions: number;
  readonly #server: WebSocketServer;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(maxSessions: number, messageMaxBytes: number) {
    this.#maxSessions = maxSessions;
    const plain = { noServer: true, clientTracking: false, perMessageDeflate: false };
    this.#server = new WebSocketServer({ ...plain, maxPayload: messageMaxBytes });
  }

  /** Throws `access/terminal-limit` in these words when no more fit. */
  requireRoom(words: (limit: number) => string): void {
    if (this.#running.size < this.#maxSessions) return;
    throw new Problem("access/terminal-limit", { message: words(this.#maxSessions) });
  }

  /** Answers an HTTP upgrade. `serve` never rejects, and has closed the socket when it resolves. */
  attachUpgrade(
    upgrade: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    serve: (webSocket: WebSocket, ends: SessionEnds) => Promise<void>,
  ): void {
    this.#server.handleUpgrade(upgrade, socket, head, webSocket => {
      const gone = new AbortController();
      webSocket.on("error", () => webSocket.terminate());
      webSocket.once("close", () => gone.abort(new Error("the client has left")));
      keepAlive(webSocket, "stream");
      const ended = AbortSignal.any([gone.signal, this.#stop.signal]);
      const session = serve(webSocket, { gone: gone.signal, ended });
      this.#running.add(session);
      void session.then(() => this.#running.delete(session));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the play is stopping"));
    await Promise.all(this.#running);
  }
}

/** Rejects when the signal is aborted, with its reason. */
export function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
