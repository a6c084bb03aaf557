import type { IncomingMessage, Server } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { Problem } from "../api/problems.ts";
import type { Log } from "../lib/log.ts";
import type { Plays } from "../playground/plays.ts";
import type { Accounts } from "./auth/accounts.ts";
import type { Holder, LiveConnections } from "./auth/live-connections.ts";
import { toldProblem } from "./errors.ts";
import type { Origins } from "./origins.ts";
import type { PortProxy } from "./ports/port-proxy.ts";
import type { ConnSockets } from "./sockets/conns.ts";
import { isShellLabel } from "./shells/shared-shell.ts";
import type { ShellHost } from "./shells/shell-host.ts";
import { refuseUpgrade } from "./sockets/refuse-upgrade.ts";
import { connTicketKind, journalTicketKind, runnerTicketKind } from "./sockets/socket-tickets.ts";
import type { Tickets } from "./tickets.ts";
import type { TunnelSockets } from "./tunnels/tunnel-sockets.ts";

export interface UpgradeOptions {
  origins: Origins;
  tickets: Tickets;
  accounts: Accounts;
  live: LiveConnections;
  plays: Plays;
  conns: ConnSockets;
  ports: PortProxy;
  shellHost: ShellHost;
  tunnels: TunnelSockets;
  log: Log;
}

const connPath = /^\/api\/plays\/([0-9a-f]{24})\/conns\/socket$/;
const journalPath = /^\/api\/plays\/([0-9a-f]{24})\/journals\/socket$/;
const runnerPath = /^\/api\/plays\/([0-9a-f]{24})\/(?:terminals\/[^/]+|exec)\/socket$/;
const tunnelPath = /^\/api\/gateway\/([0-9a-f]{24})\/tunnels\/([^?]*)$/;

/** Time for the closing words of WebSockets before their connections are cut. */
const closeGraceMs = 200;

/**
 * The one place that decides what becomes of an upgrade request. Sockets are opened by tickets; those that give a
 * shell are opened only to our own pages and to programs, never to pages of other sites.
 *
 * The returned function ends every socket it let through: the HTTP server waits for them but does not know them.
 */
export function dispatchUpgrades(server: Server | HttpsServer, options: UpgradeOptions): () => Promise<void> {
  const open = new Set<Duplex>();
  server.on("upgrade", (request, socket: Duplex, head: Buffer) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    // A client that vanishes before anyone else listens must not end the process.
    socket.on("error", () => socket.destroy());
    dispatch(request, socket, head, options).catch(error => {
      refuseUpgrade(socket, toldProblem(error, options.log, "could not open a socket"));
    });
  });
  return async () => {
    options.conns.close();
    if (open.size > 0) await delay(closeGraceMs);
    for (const socket of open) socket.destroy();
  };
}

async function dispatch(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  options: UpgradeOptions,
): Promise<void> {
  const { origins, tickets, plays, conns, ports, shellHost, tunnels } = options;
  const { host = "", origin } = request.headers;
  const label = origins.portLabelOf(host);
  if (label !== undefined && isShellLabel(label)) return shellHost.upgrade(label, request, socket, head);
  if (label !== undefined) return ports.upgrade(label, request, socket, head);
  if (!origins.isAppHost(host)) throw new Problem("server/cross-site");

  // Before anything takes the path apart: base64 may hold slashes.
  const [, tunnelId, payload] = tunnelPath.exec(request.url ?? "") ?? [];
  if (tunnelId !== undefined) return tunnels.accept(tunnelId, payload ?? "", request, socket, head);

  const url = new URL(request.url ?? "/", "http://app");
  const ticket = url.searchParams.get("ticket") ?? "";
  const connPlay = connPath.exec(url.pathname)?.[1];
  if (connPlay !== undefined) {
    // The official client sends an Origin of its own invention here: the ticket is the whole credential.
    const permitted = tickets.redeem(connTicketKind, ticket);
    if (permitted?.playId !== connPlay) throw new Problem("server/ticket-invalid");
    await hold(permitted.holder, socket, options);
    conns.accept(connPlay, request, socket, head);
    return;
  }
  const journalPlay = journalPath.exec(url.pathname)?.[1];
  if (journalPlay !== undefined) {
    const permitted = tickets.redeem(journalTicketKind, ticket);
    if (permitted?.playId !== journalPlay) throw new Problem("server/ticket-invalid");
    await hold(permitted.holder, socket, options);
    await plays.upgrade(journalPlay, permitted.target, request, socket, head);
    return;
  }
  const runnerPlay = runnerPath.exec(url.pathname)?.[1];
  if (runnerPlay !== undefined) {
    if (origin !== undefined && !origins.isAppOrigin(origin, request)) throw new Problem("server/cross-site");
    const permitted = tickets.redeem(runnerTicketKind, ticket);
    if (permitted?.playId !== runnerPlay) throw new Problem("server/ticket-invalid");
    await hold(permitted.holder, socket, options);
    await plays.upgrade(runnerPlay, permitted.target, request, socket, head);
    return;
  }
  throw new Problem("server/not-found");
}

/** From here on the socket ends with the right that opened it; it is refused if that has gone since the ticket. */
async function hold(holder: Holder, socket: Duplex, { live, accounts }: UpgradeOptions): Promise<void> {
  live.add(holder, socket);
  if (!(await accounts.stillHolds(holder))) throw new Problem("server/ticket-invalid");
}
