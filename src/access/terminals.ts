import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { performance } from "node:perf_hooks";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { Problem } from "../api/problems.ts";
import { terminalInputMaxBytes } from "../api/terminal-protocol.ts";
import { clampSize, type GuestShell, type TerminalSize } from "./guest-shell.ts";
import { type LoginMachine, resolveLogin } from "./login.ts";
import { TerminalSession } from "./terminal-session.ts";

export interface TerminalsOptions {
  machines: readonly LoginMachine[];
  /** Starts the user's login shell on a pty, normally over the play's ChannelKeeper. Bounds its own waiting. */
  openShell(login: { machine: string; user: string }, size: TerminalSize, signal: AbortSignal): Promise<GuestShell>;
  /** Default 32. */
  maxTerminals?: number;
  /** A terminal nobody looks at is closed after this. Default one hour. */
  idleCloseMs?: number;
  /** The last screen of an ended shell can be looked at for this long. Default ten minutes. */
  endedKeepMs?: number;
}

export interface TerminalListing {
  id: string;
  machine: string;
  user: string;
}

const sweepMs = 30_000;

/** The terminals of a play. They belong to the play, not to the browsers that look at them. */
export class Terminals implements AsyncDisposable {
  readonly #options: TerminalsOptions;
  readonly #sessions = new Map<string, TerminalSession>();
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: terminalInputMaxBytes,
  });
  readonly #stop = new AbortController();
  readonly #sweep: NodeJS.Timeout;
  #opening = 0;

  constructor(options: TerminalsOptions) {
    this.#options = options;
    this.#sweep = setInterval(() => this.#closeIdle(), Math.min(sweepMs, options.idleCloseMs ?? sweepMs)).unref();
  }

  /**
   * Starts a login shell and returns the terminal's id; anyone may look at it later, or nobody.
   * Rejects with `access/machine-unknown`, `user-unknown`, `no-ssh` or `terminal-limit`, or as `openShell` does.
   */
  async open(request: { machine: string; user?: string } & TerminalSize): Promise<string> {
    const login = resolveLogin(this.#options.machines, request);
    this.#makeRoom();
    const size = clampSize(request);
    this.#opening++;
    let shell: GuestShell;
    try {
      shell = await this.#options.openShell(login, size, this.#stop.signal);
    } finally {
      this.#opening--;
    }
    if (this.#stop.signal.aborted) {
      shell.close();
      throw this.#stop.signal.reason;
    }
    const id = randomBytes(12).toString("hex");
    this.#sessions.set(id, new TerminalSession({ id, ...login }, shell, size));
    return id;
  }

  list(): TerminalListing[] {
    return [...this.#sessions.values()]
      .filter(session => !session.hasEnded)
      .map(({ id, machine, user }) => ({ id, machine, user }));
  }

  /** Hangs up the terminal and forgets it. Closing one that is gone is not an error. */
  close(id: string): void {
    const session = this.#sessions.get(id);
    if (session) void this.#remove(session);
  }

  /** Answers an HTTP upgrade with the terminal's WebSocket. Throws `access/terminal-unknown` before it answers. */
  attachUpgrade(id: string, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const session = this.#find(id);
    this.#server.handleUpgrade(request, socket, head, webSocket => void session.attach(webSocket));
  }

  /** Shows the terminal to a WebSocket that is already open. */
  async attach(id: string, webSocket: WebSocket): Promise<void> {
    await this.#find(id).attach(webSocket);
  }

  /** Hangs up all terminals. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweep);
    this.#stop.abort(new Error("the play is stopping"));
    await Promise.all([...this.#sessions.values()].map(session => this.#remove(session)));
  }

  #find(id: string): TerminalSession {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new Problem("access/terminal-unknown");
    return session;
  }

  #makeRoom(): void {
    const limit = this.#options.maxTerminals ?? 32;
    if (this.#sessions.size + this.#opening < limit) return;
    const ended = [...this.#sessions.values()].find(session => session.hasEnded);
    if (ended === undefined) {
      throw new Problem("access/terminal-limit", { message: `the play already has ${limit} open terminals` });
    }
    void this.#remove(ended);
  }

  async #remove(session: TerminalSession): Promise<void> {
    this.#sessions.delete(session.id);
    session.close();
    await session.ended;
    session.dispose();
  }

  #closeIdle(): void {
    const { idleCloseMs = 60 * 60 * 1000, endedKeepMs = 10 * 60 * 1000 } = this.#options;
    for (const session of this.#sessions.values()) {
      if (session.detachedSinceMs === undefined) continue;
      const idleMs = performance.now() - session.detachedSinceMs;
      if (idleMs > (session.hasEnded ? endedKeepMs : idleCloseMs)) void this.#remove(session);
    }
  }
}
