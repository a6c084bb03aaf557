import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { Problem } from "../api/problems.ts";
import { type GuestListener, type IncomingStream, ReverseForwards } from "./reverse-forwards.ts";
import { parseTunnelPayload, type TunnelRequest } from "./tunnel-payload.ts";
import { pumpTunnel } from "./tunnel-stream.ts";

export interface TunnelsOptions {
  /** A connection from the machine's place in the network; host "" is the machine itself. Bounds its own waiting. */
  dial(machine: string, host: string, port: number, signal: AbortSignal): Promise<Duplex>;
  /** Opens a port inside the machine. Rejects when it cannot be had. Bounds its own waiting. */
  listen(
    machine: string,
    host: string,
    port: number,
    onConnection: (stream: IncomingStream) => void,
    signal: AbortSignal,
  ): Promise<GuestListener>;
  /** Default 1024. */
  maxSockets?: number;
}

/** The official client sends 1 KiB at a time, ours 64 KiB; nobody needs more in one message. */
const messageMaxBytes = 1024 * 1024;
const closeGone = 1001;

/**
 * Forwards of a play's TCP connections, each on a WebSocket of its own: out of the client into the play, and (by a
 * control socket that announces them) out of a machine to the client.
 */
export class Tunnels implements AsyncDisposable {
  readonly #options: TunnelsOptions;
  readonly #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: messageMaxBytes,
  });
  readonly #stop = new AbortController();
  readonly #reverse = new ReverseForwards();
  readonly #machines = new WeakMap<WebSocket, string>();
  #opening = 0;

  constructor(options: TunnelsOptions) {
    this.#options = options;
  }

  /**
   * Does what the payload asks for, then answers the upgrade. Rejects before it has answered, with the socket
   * untouched: `access/tunnel-payload`, `connection-unknown`, `listen-refused`, `tunnel-limit` or what dialling said.
   */
  async attachUpgrade(
    machine: string,
    payload: string,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): Promise<void> {
    const wanted = parseTunnelPayload(payload);
    const limit = this.#options.maxSockets ?? 1024;
    if (this.#server.clients.size + this.#opening >= limit) {
      throw new Problem("access/tunnel-limit", { message: `the play already carries ${limit} tunnel connections` });
    }
    this.#opening++;
    const left = new AbortController();
    const onClose = () => left.abort(new Error("the client has left"));
    socket.once("close", onClose);
    try {
      const signal = AbortSignal.any([left.signal, this.#stop.signal]);
      const accept = (serve: (client: WebSocket) => void) => {
        signal.throwIfAborted();
        this.#server.handleUpgrade(request, socket, head, client => {
          this.#machines.set(client, machine);
          serve(client);
        });
      };
      await this.#serve(machine, wanted, accept, signal);
    } finally {
      socket.off("close", onClose);
      this.#opening--;
    }
  }

  /** Ends the tunnels of a machine that is off: nobody in it can say good-bye. */
  dropMachine(machine: string): void {
    for (const client of this.#server.clients) {
      if (this.#machines.get(client) === machine) client.close(closeGone, "the machine is off");
    }
  }

  /** Ends all tunnels of the play. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the play is stopping"));
    for (const client of this.#server.clients) client.close(closeGone, "the play is stopping");
    this.#server.close();
  }

  async #serve(
    machine: string,
    wanted: TunnelRequest,
    accept: (serve: (client: WebSocket) => void) => void,
    signal: AbortSignal,
  ): Promise<void> {
    if (wanted.kind === "listen") return this.#listen(machine, wanted, accept, signal);
    const target =
      wanted.kind === "connect"
        ? this.#reverse.take(machine, wanted.connectionId)
        : await this.#options.dial(machine, wanted.host, wanted.port, signal);
    target.on("error", () => target.destroy());
    try {
      accept(client => void pumpTunnel(client, target));
    } catch (error) {
      target.destroy();
      throw error;
    }
  }

  async #listen(
    machine: string,
    { host, port }: { host: string; port: number },
    accept: (serve: (client: WebSocket) => void) => void,
    signal: AbortSignal,
  ): Promise<void> {
    let control: WebSocket | undefined;
    const onConnection = (stream: IncomingStream) => {
      // Between the opening of the port and our answer there is nobody to tell.
      if (control === undefined) stream.refuse();
      else this.#reverse.offer(machine, control, stream);
    };
    const listener = await this.#options.listen(machine, host, port, onConnection, signal);
    try {
      accept(client => {
        control = client;
        this.#reverse.serve(client, listener);
      });
    } catch (error) {
      listener.close();
      throw error;
    }
  }
}
