import type { IncomingMessage } from "node:http";
import type { Duplex, Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { WebSocket } from "ws";
import { Problem } from "../api/problems.ts";
import type { GuestShell } from "./guest-shell.ts";
import { rejection, SessionSockets } from "./session-sockets.ts";

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

/** Journals of a play's machines, each on a WebSocket that only speaks. */
export class JournalSessions implements AsyncDisposable {
  readonly #options: JournalSessionsOptions;
  readonly #sockets: SessionSockets;

  constructor(options: JournalSessionsOptions) {
    this.#options = options;
    this.#sockets = new SessionSockets(options.maxSessions ?? 16, 1024);
  }

  /** Answers an HTTP upgrade and streams until either side ends. Throws `access/terminal-limit` before it answers. */
  attachUpgrade(
    { machine, command }: { machine: string; command: string[] },
    upgrade: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void {
    this.#sockets.requireRoom(limit => `${limit} journals of this play are being read already`);
    this.#sockets.attachUpgrade(upgrade, socket, head, (webSocket, { ended }) =>
      stream(webSocket, signal => this.#options.start(machine, command, signal), ended),
    );
  }

  /** Lets go of all journals. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#sockets[Symbol.asyncDispose]();
  }
}

/** Never rejects. Afterwards the command has been let go of and the socket is closed. */
async function stream(
  socket: WebSocket,
  start: (signal: AbortSignal) => Promise<GuestShell>,
  ended: AbortSignal,
): Promise<void> {
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
