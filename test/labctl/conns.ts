import { type ClientRequest, IncomingMessage } from "node:http";
import WebSocket from "ws";
import type { LabctlContext } from "./context.ts";
import { Exit, pause } from "./context.ts";
import { decode, GoFailure } from "./go-json.ts";
import type { LabctlApi } from "./http.ts";
import { connMessage, type Play, urlReply } from "./shapes.ts";

/** After each failed dial of the same URL; the tenth failure is the last. */
const dialWaitSeconds = [5, 5, 5, 5, 8, 16, 32, 64, 128];
const handshakeTimeoutMs = 30_000;

/** A WebSocket that only listens, dialled as the client does: an invented Origin, no credentials, no compression. */
export async function dialListener(api: LabctlApi, url: string): Promise<WebSocket> {
  if (!/^wss?:\/\//.test(url)) throw new Exit(1, `Couldn't connect: malformed ws or wss URL ${url}`);
  const origin = `https://cli.${api.config.baseUrl.replace(/^https:\/\//, "")}`;
  for (let attempt = 0; ; attempt++) {
    try {
      return await open(api.context, url, { origin });
    } catch (error) {
      const seconds = dialWaitSeconds[attempt];
      if (seconds === undefined) throw new Exit(1, `Couldn't connect: ${String(error)}`);
      await pause(api.context, seconds);
    }
  }
}

/** One handshake without redirects. Messages that come with it are not lost. */
export function open(context: LabctlContext, url: string, headers: Record<string, string>): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, {
      headers,
      perMessageDeflate: false,
      followRedirects: false,
      handshakeTimeout: handshakeTimeoutMs,
      ...(context.ca === undefined ? {} : { ca: context.ca }),
    });
    const abort = () => socket.terminate();
    context.signal.addEventListener("abort", abort, { once: true });
    socket.once("close", () => context.signal.removeEventListener("abort", abort));
    socket.once("open", () => {
      socket.pause();
      resolve(socket);
    });
    socket.once("unexpected-response", (request: ClientRequest, response: IncomingMessage) => {
      response.resume();
      request.destroy();
      reject(new RefusedHandshake(response.statusCode ?? 0));
    });
    socket.on("error", reject);
  });
}

/** The server answered the handshake with an ordinary status. */
export class RefusedHandshake extends Error {
  override readonly name = "RefusedHandshake";
  readonly status: number;

  constructor(status: number) {
    super(`websocket: bad handshake (status ${status})`);
    this.status = status;
  }
}

/** The client's picture of a play, kept by the events of its socket: full replacements, never patches. */
export class PlayEvents implements Disposable {
  readonly #socket: WebSocket;
  #play: Play;
  #changed = Promise.withResolvers<void>();
  #ended: Error | undefined;

  private constructor(socket: WebSocket, play: Play, err: (text: string) => void) {
    this.#socket = socket;
    this.#play = play;
    socket.on("message", data => this.#receive((data as Buffer).toString(), err));
    socket.on("close", code => {
      if (code !== 1000) err(`Play connection closed with ${code}\n`);
      // There is no reconnect: a wait under way is over.
      this.#ended = new Exit(1, "Context canceled");
      this.#changed.resolve();
    });
    socket.resume();
  }

  static async connect(api: LabctlApi, play: Play): Promise<PlayEvents> {
    const { url } = await api.call("POST", `/plays/${play.id}/conns`, urlReply);
    return new PlayEvents(await dialListener(api, url), play, text => api.context.err(text));
  }

  get play(): Play {
    return this.#play;
  }

  /**
   * Waits until the condition holds. It is looked at before the first event (unless `onlyAfterEvent`) and after each
   * one, and never otherwise: a silent server hangs the wait.
   */
  async until(
    condition: (play: Play) => boolean,
    { seconds, onlyAfterEvent = false }: { seconds: number; onlyAfterEvent?: boolean },
    context: Pick<LabctlContext, "secondMs">,
  ): Promise<void> {
    if (!onlyAfterEvent && condition(this.#play)) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Exit(1, "Context deadline exceeded")), seconds * context.secondMs);
    });
    try {
      for (;;) {
        await Promise.race([this.#changed.promise, late]);
        if (this.#ended !== undefined) throw this.#ended;
        this.#changed = Promise.withResolvers();
        if (condition(this.#play)) return;
      }
    } finally {
      clearTimeout(timer);
      late.catch(() => {});
    }
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }

  #receive(text: string, err: (text: string) => void): void {
    let message: ReturnType<typeof connMessage>;
    try {
      message = decode(connMessage, text);
    } catch (error) {
      err(`Malformed play event: ${String(error)}\n`);
      return;
    }
    if (message.kind === "status" && message.status !== undefined) {
      this.#play = { ...this.#play, status: message.status };
    }
    if (message.kind === "task" && message.task !== undefined) {
      if (this.#play.tasks === undefined) {
        this.#ended = new GoFailure("panic: assignment to entry in nil map");
      } else {
        this.#play.tasks.set(message.task.name, message.task);
      }
    }
    this.#changed.resolve();
  }
}
