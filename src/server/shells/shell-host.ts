import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { SharedShell } from "../../api/contract/shells.ts";
import { Problem } from "../../api/problems.ts";
import type { Log } from "../../lib/log.ts";
import type { Plays } from "../../playground/plays.ts";
import type { Database } from "../../store/database/open-database.ts";
import { findShellByLabel, type ShellRow } from "../../store/database/shells.ts";
import type { LiveConnections } from "../auth/live-connections.ts";
import { toldProblem } from "../errors.ts";
import type { Origins } from "../origins.ts";
import { type PortGate, privateTo } from "../ports/port-gate.ts";
import { sendPortPage } from "../ports/port-pages.ts";
import { refuseUpgrade } from "../sockets/refuse-upgrade.ts";
import type { ShellFile } from "./shell-files.ts";
import type { ShellSessions } from "./shell-sessions.ts";

export interface ShellHostOptions {
  database: Database;
  plays: Plays;
  origins: Origins;
  gate: PortGate;
  live: LiveConnections;
  sessions: ShellSessions;
  files: ReadonlyMap<string, ShellFile>;
  log: Log;
}

/**
 * Serves the origins of shared shells: a page with a terminal, what it needs to know, and its WebSocket. Nothing else
 * of the server exists there: neither the API nor the web UI.
 */
export class ShellHost {
  readonly #options: ShellHostOptions;

  constructor(options: ShellHostOptions) {
    this.#options = options;
  }

  /** Answers a request to `<label>.<ports domain>`. Never rejects. */
  async serve(label: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { database, gate, log } = this.#options;
    try {
      const shell = await findShellByLabel(database, label);
      if (shell === undefined) return sendPortPage(response, unknownShell);
      const admission = await gate.admit({ ...shell, kind: "shells" }, request);
      if (admission.kind === "redirect") {
        response.writeHead(302, { location: admission.location, "cache-control": "no-store", ...admission.headers });
        response.end();
      } else if (admission.kind === "refused") sendPortPage(response, admission.page);
      else await this.#answer(shell, request, response);
    } catch (error) {
      log.error({ err: error, label }, "could not serve a shared shell");
      sendPortPage(response, { status: 500, title: "Something went wrong", text: "The server's log has the details." });
    }
  }

  /** Connects a WebSocket to the shell's terminal. Never rejects. */
  async upgrade(label: string, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { database, gate, live, origins, plays, sessions, log } = this.#options;
    try {
      const shell = await findShellByLabel(database, label);
      const url = new URL(request.url ?? "/", "http://shell");
      if (shell === undefined || url.pathname !== "/socket")
        return refuseUpgrade(socket, new Problem("server/not-found", { message: unknownShell.text }));
      // Only the shell's own page may speak for its visitor, whatever the gate would allow an app.
      const { origin } = request.headers;
      if (origin !== undefined && (!URL.canParse(origin) || origins.portLabelOf(new URL(origin).host) !== label)) {
        return refuseUpgrade(socket, new Problem("server/cross-site"));
      }
      const admission = await gate.admit({ ...shell, kind: "shells" }, request);
      if (admission.kind !== "admitted") return refuseUpgrade(socket, privateTo("shell"));
      if (admission.holder) live.add(admission.holder, socket);
      const size = {
        cols: Number(url.searchParams.get("cols")) || 80,
        rows: Number(url.searchParams.get("rows")) || 24,
      };
      const terminalId = await sessions.join(shell, size, socket);
      await plays.upgrade(shell.play_id, { kind: "terminal", terminalId }, request, socket, head);
    } catch (error) {
      refuseUpgrade(socket, toldProblem(error, log, "could not open a shared shell"));
    }
  }

  async #answer(shell: ShellRow, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    const isRead = request.method === "GET" || request.method === "HEAD";
    if (isRead && path === "/shell.json") {
      response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store", ...safeHeaders });
      response.end(JSON.stringify(await this.#describe(shell)));
      return;
    }
    const file = isRead ? this.#options.files.get(path) : undefined;
    if (file !== undefined) {
      response.writeHead(200, {
        "content-type": file.type,
        "cache-control": file.immutable ? "public, max-age=31536000, immutable" : "no-cache",
        "content-security-policy": this.#policy(shell, request),
        ...safeHeaders,
      });
      response.end(request.method === "HEAD" ? undefined : file.content);
      return;
    }
    sendPortPage(
      response,
      path === "/" && this.#options.files.size === 0
        ? { status: 503, title: "The web UI has not been built", text: "Run npm start once in Labyard's folder." }
        : { status: 404, title: "Not found", text: "This address shows a shared shell and nothing else." },
    );
  }

  async #describe({ play_id, machine, user, access }: ShellRow): Promise<SharedShell> {
    const state = await this.#options.plays.state(play_id);
    const conditions = state?.machines.find(({ name }) => name === machine)?.conditions ?? [];
    const ready = conditions.some(({ name, status }) => name === "Ready" && status === "True");
    return { machine, user, access, ready };
  }

  #policy({ label }: ShellRow, request: IncomingMessage): string {
    const { origins } = this.#options;
    const socket = origins.portUrl(label, origins.appUrlFor(request)).replace(/^http/, "ws");
    return (
      `default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src data:; img-src data:; ` +
      `connect-src 'self' ${socket}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
    );
  }
}

const safeHeaders = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

const unknownShell = {
  status: 404,
  title: "No shell is shared here",
  text: "It has been removed, or its play has been destroyed.",
};
