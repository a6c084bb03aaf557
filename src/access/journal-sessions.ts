import type { IncomingMessage } from "node:http";
import type { Duplex, Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { type WebSocket, WebSocketServer } from "ws";
import { Problem } from "../api/problems.ts";
import type { GuestShell } from "./guest-shell.ts";

export interface JournalSessionsOptions {
  /** Starts what prints the journal. Bounds its own waiting. */
  start(machine: string, command: string[], signal: AbortSignal): Promise<GuestShell>;
  /** Default 16. */
  maxSessions?: number;
}

/** One message of a journal's WebSocket, as the official client reads it. */
interface JournalMessage {
  stdout?: string;
  stderr?: string;
  exitCode?: number;
  eof?: boolean;
}

const closeEnded = 1000;
const pingIntervalMs = 30_000;

/** Journals of a play's machines, each on a WebSocket that only speaks. */
export class JournalSessions implements AsyncDisposable {
  readonly #options: JournalSessionsOptions;
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: 1024,
  });
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(options: JournalSessionsOptions) {
    this.#options = options;
  }

  /** Answers an HTTP upgrade and streams until either side ends. Throws `access/terminal-limit` before it answers. */
  attachUpgrade(
    { machine, command }: { machine: string; command: string[] },
    upgrade: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void {
    const limit = this.#options.maxSessions ?? 16;
    if (this.#running.size >= limit) {
      throw new Problem("access/terminal-limit", { message: `${limit} journals of this play are being read already` });
    }
    this.#server.handleUpgrade(upgrade, socket, head, webSocket => {
      const session = stream(webSocket, signal => this.#options.start(machine, command, signal), this.#stop.signal);
      this.#running.add(session);
      void session.then(() => this.#running.delete(session));
    });
  }

  /** Lets go of all journals. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the play is stopping"));
    await Promise.all(this.#running);
  }
}

/** Never rejects. Afterwards the command has been let go of and the socket is closed. */
async function stream(
  socket: WebSocket,
  start: (signal: AbortSignal) => Promise<GuestShell>,
  stop: AbortSignal,
): Promise<void> {
  const gone = new AbortController();
  let answered = true;
  const ping = setInterval(() => {
    if (!answered) socket.terminate();
    answered = false;
    if (socket.readyState === socket.OPEN) socket.ping();
  }, pingIntervalMs);
  socket.on("pong", () => (answered = true));
  socket.on("error", () => socket.terminate());
  socket.once("close", () => gone.abort(new Error("the client has left")));
  const ended = AbortSignal.any([gone.signal, stop]);
  let shell: GuestShell | undefined;
  try {
    shell = await start(ended);
    shell.stdin.end();
    forward(shell.stdout, text => ({ stdout: text }), socket);
    forward(shell.stderr, text => ({ stderr: text }), socket);
    const finished = shell.closed.then(() => shell?.exited);
    finished.catch(() => {
      // The loss is told below when it comes first; later nobody waits for it.
    });
    const exit = await Promise.race([finished, rejection(ended)]);
    tell(socket, { exitCode: exit?.exitCode ?? 255, eof: true });
  } catch (error) {
    tell(socket, { stderr: `${Problem.from(error).message}\n`, exitCode: 255, eof: true });
  } finally {
    clearInterval(ping);
    socket.close(closeEnded);
    shell?.signal("HUP");
    shell?.close();
  }
}

/** Characters stay whole, and the next piece is read when the socket has taken this one. */
function forward(source: Readable, message: (text: string) => JournalMessage, socket: WebSocket): void {
  const decoder = new StringDecoder("utf8");
  source.on("data", (chunk: Buffer) => {
    const text = decoder.write(chunk);
    if (text === "" || socket.readyState !== socket.OPEN) return;
    source.pause();
    socket.send(JSON.stringify(message(text)), () => source.resume());
  });
}

function tell(socket: WebSocket, message: JournalMessage): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
