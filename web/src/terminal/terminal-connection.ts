import "../app/zod-jitless.ts";
import { Problem } from "../../../src/api/problems.ts";
import {
  type TerminalClientMessage,
  type TerminalServerMessage,
  terminalInputMaxBytes,
  terminalServerMessageSchema,
  terminalWindowBytes,
} from "../../../src/api/terminal-protocol.ts";

export interface TerminalSize {
  cols: number;
  rows: number;
}

export type TerminalStatus =
  | { kind: "connecting" }
  | { kind: "open" }
  /** The connection is lost and dialled again. */
  | { kind: "reconnecting" }
  | { kind: "ended"; exitCode: number | null; message?: string | undefined }
  | { kind: "failed"; error: unknown };

export interface TerminalEvents {
  onStatus: (status: TerminalStatus) => void;
  /** Everything shown so far is void: a redraw for this size follows. */
  onAttached: (size: TerminalSize) => void;
  /** Another viewer changed the size. */
  onResized: (size: TerminalSize) => void;
  /** Call `drawn` when the bytes are on the screen: what is not drawn stops the program that prints it. */
  onOutput: (bytes: Uint8Array, drawn: () => void) => void;
}

/** Where the session comes from. */
export interface TerminalSource {
  /** Asked before every dial. A Problem below 500 is final, others may pass by themselves. */
  socketUrl: (size: TerminalSize) => Promise<string>;
  /** The session's shell has ended: the next dial needs another one. */
  ended: () => void;
}

const ackEveryBytes = terminalWindowBytes / 8;
const firstRetryMs = 500;
const maxRetryMs = 8000;

/**
 * One terminal session of a machine, shown through WebSockets that may break and be dialled again.
 *
 * `close` ends the connection and leaves the session alone; it goes on without viewers.
 */
export class TerminalConnection {
  readonly #source: TerminalSource;
  readonly #events: TerminalEvents;
  readonly #stop = new AbortController();
  #size: TerminalSize;
  #socket: WebSocket | undefined;
  #unacknowledgedBytes = 0;
  #retryMs = firstRetryMs;

  constructor(source: TerminalSource, size: TerminalSize, events: TerminalEvents) {
    this.#source = source;
    this.#events = events;
    this.#size = size;
  }

  start(): void {
    this.#events.onStatus({ kind: "connecting" });
    void this.#run();
  }

  close(): void {
    this.#stop.abort();
    this.#socket?.close();
  }

  resize(size: TerminalSize): void {
    this.#size = size;
    this.#send({ type: "resize", ...size });
  }

  type(bytes: Uint8Array): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    for (let at = 0; at < bytes.length; at += terminalInputMaxBytes) {
      this.#socket.send(bytes.slice(at, at + terminalInputMaxBytes));
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const url = await this.#source.socketUrl(this.#size);
        if (signal.aborted) return;
        const ending = await this.#converse(url);
        if (ending !== undefined) {
          this.#source.ended();
          this.#events.onStatus({ kind: "ended", ...ending });
          return;
        }
      } catch (error) {
        if (signal.aborted) return;
        // Only what may pass by itself is tried again.
        if (!(error instanceof Problem && error.spec.status >= 500)) {
          this.#events.onStatus({ kind: "failed", error });
          return;
        }
        if (error.code !== "server/unreachable" && this.#retryMs >= maxRetryMs) {
          this.#events.onStatus({ kind: "failed", error });
          return;
        }
      }
      if (signal.aborted) return;
      this.#events.onStatus({ kind: "reconnecting" });
      await pause(this.#retryMs, signal);
      this.#retryMs = Math.min(this.#retryMs * 2, maxRetryMs);
    }
  }

  /** Resolves when the socket has closed: with the shell's end, or undefined when the connection broke. */
  #converse(url: string): Promise<{ exitCode: number | null; message?: string | undefined } | undefined> {
    return new Promise(resolve => {
      const socket = new WebSocket(url);
      let notice: string | undefined;
      let exit: { exitCode: number | null } | undefined;
      socket.binaryType = "arraybuffer";
      this.#socket = socket;
      this.#unacknowledgedBytes = 0;
      socket.addEventListener("message", event => {
        if (event.data instanceof ArrayBuffer) {
          this.#show(socket, new Uint8Array(event.data));
          return;
        }
        const message = parse(String(event.data));
        if (message?.type === "attached") {
          this.#retryMs = firstRetryMs;
          this.#events.onStatus({ kind: "open" });
          this.#events.onAttached(message);
        } else if (message?.type === "resized") {
          this.#events.onResized(message);
        } else if (message?.type === "notice") {
          notice = message.message;
        } else if (message?.type === "exit") {
          exit = { exitCode: message.exitCode };
        }
      });
      // "close" follows every "error".
      socket.addEventListener("close", () => resolve(exit === undefined ? undefined : { ...exit, message: notice }));
    });
  }

  #show(socket: WebSocket, bytes: Uint8Array): void {
    this.#events.onOutput(bytes, () => {
      if (socket !== this.#socket) return;
      this.#unacknowledgedBytes += bytes.length;
      if (this.#unacknowledgedBytes < ackEveryBytes) return;
      this.#send({ type: "ack", bytes: this.#unacknowledgedBytes });
      this.#unacknowledgedBytes = 0;
    });
  }

  #send(message: TerminalClientMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}

function parse(text: string): TerminalServerMessage | undefined {
  try {
    return terminalServerMessageSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
