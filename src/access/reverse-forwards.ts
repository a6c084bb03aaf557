import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { Problem } from "../api/problems.ts";
import { keepAlive } from "./keep-alive.ts";

/** A TCP connection that came in inside a machine; nothing of it has been read yet. */
export interface IncomingStream {
  accept(): Duplex;
  refuse(): void;
}

/** A port that is open inside a machine. */
export interface GuestListener {
  /** Resolves when the port is closed, by us or with the connection to the machine. Never rejects. */
  readonly closed: Promise<unknown>;
  close(): void;
}

interface Parked {
  machine: string;
  control: WebSocket;
  stream: IncomingStream;
  timer: NodeJS.Timeout;
}

/** How long a connection waits for the client to reach its own target and come back for it. */
const parkMs = 15_000;
const maxParkedPerListener = 256;
/** A client that does not read what we announce gets no more of it. */
const maxUnreadBytes = 64 * 1024;

const closeFailed = 1011;

/** Connections from inside machines that wait to be fetched, and the control sockets that announce them. */
export class ReverseForwards {
  readonly #parked = new Map<string, Parked>();

  /** Announces on `control` what comes in at the listener; each ends when the other does. */
  serve(control: WebSocket, listener: GuestListener): void {
    keepAlive(control, "listener");
    control.on("error", () => control.terminate());
    control.once("close", () => {
      listener.close();
      for (const [id, parked] of this.#parked) if (parked.control === control) this.#drop(id, parked);
    });
    void listener.closed.then(() => control.close(closeFailed, "the machine stopped listening"));
  }

  /** Parks a connection and tells the client, or refuses it when too many wait already. */
  offer(machine: string, control: WebSocket, stream: IncomingStream): void {
    const waiting = [...this.#parked.values()].filter(parked => parked.control === control).length;
    const isDeaf = control.readyState !== control.OPEN || control.bufferedAmount > maxUnreadBytes;
    if (isDeaf || waiting >= maxParkedPerListener) {
      stream.refuse();
      return;
    }
    const id = randomBytes(16).toString("hex");
    const timer = setTimeout(() => {
      const parked = this.#parked.get(id);
      if (parked) this.#drop(id, parked);
    }, parkMs);
    this.#parked.set(id, { machine, control, stream, timer });
    control.send(JSON.stringify({ type: "connect", cid: id }));
  }

  /** The parked connection, once. Throws `access/connection-unknown` when it is not there (any more). */
  take(machine: string, id: string): Duplex {
    const parked = this.#parked.get(id);
    if (parked?.machine !== machine) throw new Problem("access/connection-unknown");
    clearTimeout(parked.timer);
    this.#parked.delete(id);
    return parked.stream.accept();
  }

  #drop(id: string, parked: Parked): void {
    clearTimeout(parked.timer);
    this.#parked.delete(id);
    parked.stream.refuse();
  }
}
