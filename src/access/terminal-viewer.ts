import type { RawData, WebSocket } from "ws";
import {
  type TerminalClientMessage,
  type TerminalServerMessage,
  terminalClientMessageSchema,
  terminalWindowBytes,
} from "../api/terminal-protocol.ts";
import { keepAlive } from "./keep-alive.ts";

const redrawFrameBytes = 64 * 1024;
const controlMaxLength = 1000;

/** Application close codes of WebSocket: 1000 the shell ended, 1008 the viewer broke the protocol. */
const closeEnded = 1000;
const closeViolation = 1008;

export interface ViewerHandlers {
  /** False: wait for `resume` before reading more from this viewer. */
  input(bytes: Buffer): boolean;
  resize(size: { cols: number; rows: number }): void;
  /** It has caught up, or may have. */
  acknowledged(): void;
  closed(): void;
}

/** One WebSocket that looks at a terminal: what it was sent, what it has drawn, whether it is still there. */
export class TerminalViewer {
  readonly #socket: WebSocket;
  #unacknowledgedBytes = 0;

  constructor(socket: WebSocket, handlers: ViewerHandlers) {
    this.#socket = socket;
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary, handlers));
    socket.on("error", () => socket.terminate());
    // A laptop that fell asleep does not close its socket, and would hold up the shell for ever.
    keepAlive(socket, "viewer");
    socket.once("close", () => handlers.closed());
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  get isBehind(): boolean {
    return this.#unacknowledgedBytes > terminalWindowBytes;
  }

  show(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    for (let at = 0; at < bytes.length; at += redrawFrameBytes) {
      this.#socket.send(bytes.subarray(at, at + redrawFrameBytes), { binary: true });
    }
    this.#unacknowledgedBytes += bytes.length;
  }

  tell(message: TerminalServerMessage): void {
    if (this.isOpen) this.#socket.send(JSON.stringify(message));
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.close(closeEnded);
    // A viewer that does not answer the close is cut off.
    setTimeout(() => this.#socket.terminate(), 5000).unref();
  }

  #receive(data: RawData, isBinary: boolean, handlers: ViewerHandlers): void {
    const bytes = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
    if (isBinary) {
      if (!handlers.input(bytes)) this.#socket.pause();
      return;
    }
    const message = bytes.length > controlMaxLength ? undefined : parse(bytes.toString());
    if (message === undefined) {
      this.#socket.close(closeViolation, "not a message of the terminal protocol");
    } else if (message.type === "resize") {
      handlers.resize(message);
    } else {
      this.#unacknowledgedBytes = Math.max(0, this.#unacknowledgedBytes - message.bytes);
      handlers.acknowledged();
    }
  }
}

function parse(text: string): TerminalClientMessage | undefined {
  try {
    return terminalClientMessageSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
