import type { IncomingMessage } from "node:http";
import type { Duplex, Readable } from "node:stream";
import type { RawData, WebSocket } from "ws";
import {
  type ExecClientMessage,
  type ExecServerMessage,
  execClientMessageSchema,
  execFrameMaxBytes,
  execStream,
} from "../api/exec-protocol.ts";
import { Problem } from "../api/problems.ts";
import { clampSize, type GuestShell, type TerminalSize } from "./guest-shell.ts";
import { type LoginMachine, resolveLogin } from "./login.ts";
import { rejection, type SessionEnds, SessionSockets } from "./session-sockets.ts";

export interface ExecRequest {
  machine: string;
  /** Default: the machine's default user. */
  user?: string;
  /** Absent: a login shell. */
  command?: string;
  pty?: TerminalSize;
}

export interface ExecSessionsOptions {
  machines: readonly LoginMachine[];
  /** Starts the command or, without one, the login shell. Bounds its own waiting. */
  start(
    login: { machine: string; user: string },
    what: { command?: string; pty?: TerminalSize },
    signal: AbortSignal,
  ): Promise<GuestShell>;
  /** Default 64. */
  maxSessions?: number;
}

const closeEnded = 1000;
const closeFailed = 1011;
const closeViolation = 1008;
const controlMaxLength = 1000;

/** Remote commands of a play, each on a WebSocket that speaks src/api/exec-protocol.ts. */
export class ExecSessions implements AsyncDisposable {
  readonly #options: ExecSessionsOptions;
  readonly #sockets: SessionSockets;

  constructor(options: ExecSessionsOptions) {
    this.#options = options;
    this.#sockets = new SessionSockets(options.maxSessions ?? 64, execFrameMaxBytes);
  }

  /**
   * Answers an HTTP upgrade and runs the command on the WebSocket. Throws `access/machine-unknown`, `user-unknown`,
   * `no-ssh` or `terminal-limit` before it answers; later problems travel as a "problem" frame.
   */
  attachUpgrade(request: ExecRequest, upgrade: IncomingMessage, socket: Duplex, head: Buffer): void {
    const login = resolveLogin(this.#options.machines, request);
    this.#sockets.requireRoom(limit => `the play already runs ${limit} remote commands`);
    const what = {
      ...(request.command === undefined ? {} : { command: request.command }),
      ...(request.pty === undefined ? {} : { pty: clampSize(request.pty) }),
    };
    this.#sockets.attachUpgrade(upgrade, socket, head, (webSocket, ends) =>
      serveExec(webSocket, signal => this.#options.start(login, what, signal), ends),
    );
  }

  /** Lets go of all commands. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#sockets[Symbol.asyncDispose]();
  }
}

/**
 * Maps one WebSocket to one program, both ways, until either ends. Never rejects: a failure is told to the client.
 * Afterwards the program has been let go of and the socket is closed.
 */
async function serveExec(
  webSocket: WebSocket,
  start: (signal: AbortSignal) => Promise<GuestShell>,
  { gone, ended }: SessionEnds,
): Promise<void> {
  const client = new ExecClient(webSocket);
  let shell: GuestShell | undefined;
  try {
    shell = await start(ended);
    client.connect(shell);
    const exit = await Promise.race([finish(shell), rejection(ended)]);
    await client.flushed();
    client.tell({ type: "exit", ...exit });
    webSocket.close(closeEnded);
  } catch (error) {
    if (!gone.aborted) {
      client.tell({ type: "problem", problem: Problem.from(error).toJSON() });
      webSocket.close(closeFailed);
    }
  } finally {
    client.release();
    if (gone.aborted) shell?.signal("HUP");
    shell?.close();
  }
}

async function finish(shell: GuestShell): Promise<{ exitCode: number | null; signal: string | null }> {
  // As ssh does: a background child that keeps the outputs keeps the command.
  await shell.closed;
  return shell.exited;
}

/** The client's end: frames both ways at the pace of the slower side. */
class ExecClient {
  readonly #socket: WebSocket;
  #unsent = 0;
  #idle: Array<() => void> = [];

  constructor(socket: WebSocket) {
    this.#socket = socket;
    // What the client sends before the program runs stays in the socket.
    socket.pause();
  }

  connect(shell: GuestShell): void {
    this.#forward(shell.stdout, execStream.stdout);
    this.#forward(shell.stderr, execStream.stderr);
    this.#socket.on("message", (data, isBinary) => this.#receive(data, isBinary, shell));
    shell.stdin.on("drain", () => this.#socket.resume());
    this.#socket.resume();
  }

  tell(message: ExecServerMessage): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Resolves when all output has left for the client. */
  async flushed(): Promise<void> {
    if (this.#unsent > 0) await new Promise<void>(resolve => this.#idle.push(resolve));
  }

  release(): void {
    this.#socket.resume();
  }

  /** One frame of each stream is under way at a time; the next is read when the socket has taken it. */
  #forward(source: Readable, stream: number): void {
    source.on("data", (chunk: Buffer) => {
      source.pause();
      const frame = Buffer.allocUnsafe(chunk.length + 1);
      frame[0] = stream;
      chunk.copy(frame, 1);
      this.#unsent++;
      this.#socket.send(frame, { binary: true }, () => {
        this.#unsent--;
        source.resume();
        if (this.#unsent === 0) for (const resolve of this.#idle.splice(0)) resolve();
      });
    });
  }

  #receive(data: RawData, isBinary: boolean, shell: GuestShell): void {
    const bytes = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
    if (isBinary && bytes[0] === execStream.stdin) {
      if (shell.stdin.writable && !shell.stdin.write(bytes.subarray(1))) this.#socket.pause();
      return;
    }
    const message = isBinary || bytes.length > controlMaxLength ? undefined : parse(bytes.toString());
    if (message?.type === "eof") shell.stdin.end();
    else if (message?.type === "resize") shell.resize(clampSize(message));
    else if (message?.type === "signal") shell.signal(message.name);
    else this.#socket.close(closeViolation, "not a message of the exec protocol");
  }
}

function parse(text: string): ExecClientMessage | undefined {
  try {
    return execClientMessageSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
