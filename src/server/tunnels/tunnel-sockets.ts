import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Problem } from "../../api/problems.ts";
import type { Log } from "../../lib/log.ts";
import type { Plays } from "../../playground/plays.ts";
import type { Accounts } from "../auth/accounts.ts";
import type { LiveConnections } from "../auth/live-connections.ts";
import { holderOfTunnel, type TunnelCredentials } from "./tunnel-credentials.ts";

const recheckMs = 15_000;
const maxPerTunnel = 600;
const maxInAll = 4000;

export interface TunnelSocketsOptions {
  credentials: TunnelCredentials;
  accounts: Pick<Accounts, "stillHolds">;
  live: LiveConnections;
  plays: Pick<Plays, "upgrade">;
  log: Log;
}

/** The WebSockets of tunnels on their way to the runners, and the end of those whose credential has ended. */
export class TunnelSockets {
  readonly #options: TunnelSocketsOptions;
  readonly #open = new Map<string, Set<Duplex>>();
  readonly #timer: NodeJS.Timeout;
  #count = 0;

  constructor(options: TunnelSocketsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      this.recheck().catch(error => options.log.error({ err: error }, "could not check open tunnels"));
    }, recheckMs).unref();
  }

  /** Hands an upgrade to the play if its cookie opens this tunnel. Rejects with a Problem, the socket untouched. */
  async accept(
    tunnelId: string,
    payload: string,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): Promise<void> {
    // Browsers always send an Origin, and nothing in a browser has business here.
    if (request.headers.origin !== undefined) throw new Problem("server/cross-site");
    const { credentials, plays, live, accounts } = this.#options;
    const tunnel = await credentials.admit(tunnelId, request.headers.cookie);
    const holder = tunnel && holderOfTunnel(tunnel);
    // Noted first: who loses the right while we ask loses the socket, too.
    if (holder !== undefined) live.add(holder, socket);
    if (tunnel === undefined || holder === undefined || !(await accounts.stillHolds(holder))) {
      throw new Problem("server/ticket-invalid", {
        message: "This tunnel does not exist any more, or its cookie is wrong",
        hint: "Open a new one.",
      });
    }
    const sockets = this.#open.get(tunnelId) ?? new Set();
    if (sockets.size >= maxPerTunnel || this.#count >= maxInAll) {
      throw new Problem("access/tunnel-limit", { message: "Too many connections are open through this tunnel" });
    }
    this.#open.set(tunnelId, sockets.add(socket));
    this.#count++;
    socket.once("close", () => {
      this.#count--;
      sockets.delete(socket);
      if (sockets.size === 0 && this.#open.get(tunnelId) === sockets) this.#open.delete(tunnelId);
    });
    await plays.upgrade(tunnel.play_id, { kind: "tunnel", machine: tunnel.machine, payload }, request, socket, head);
  }

  /** Ends the connections of tunnels that are not good any more. */
  async recheck(): Promise<void> {
    for (const [tunnelId, sockets] of [...this.#open]) {
      if ((await this.#options.credentials.find(tunnelId)) !== undefined) continue;
      for (const socket of sockets) socket.destroy();
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
