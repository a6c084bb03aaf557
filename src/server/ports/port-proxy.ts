import { type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream";
import { connect as tlsConnect } from "node:tls";
import { Problem } from "../../api/problems.ts";
import type { Log } from "../../lib/log.ts";
import type { Plays } from "../../playground/plays.ts";
import type { Database } from "../../store/database/open-database.ts";
import { findPortByLabel, type PortRow } from "../../store/database/ports.ts";
import type { LiveConnections } from "../auth/live-connections.ts";
import type { Origins } from "../origins.ts";
import { toldProblem } from "../errors.ts";
import { refuseUpgrade } from "../sockets/refuse-upgrade.ts";
import { toolBehind } from "./exposed-port.ts";
import { type PortGate, privateTo } from "./port-gate.ts";
import { sendPortPage } from "./port-pages.ts";
import { headersForApp, headersForVisitor, rewritePath } from "./proxy-headers.ts";

const dialTimeoutMs = 10_000;
/** For the head of the response only; bodies may take as long as they like. */
const responseTimeoutMs = 5 * 60_000;
const maxConnectionsPerPlay = 512;
const reloadSeconds = 3;

export interface PortProxyOptions {
  database: Database;
  plays: Plays;
  origins: Origins;
  gate: PortGate;
  live: LiveConnections;
  log: Log;
}

/**
 * Passes requests to exposed ports on to the apps inside the machines. Nothing of ours goes along: neither cookies nor
 * credentials to the app, nor our page's policies to the visitor.
 */
export class PortProxy {
  readonly #options: PortProxyOptions;
  readonly #connections = new Map<string, number>();

  constructor(options: PortProxyOptions) {
    this.#options = options;
  }

  /** Answers an ordinary request to `<label>.<ports domain>`. Never rejects. */
  async serve(label: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const port = await findPortByLabel(this.#options.database, label);
      if (port === undefined) return sendPortPage(response, unknownPort);
      const admission = await this.#options.gate.admit({ ...port, kind: "ports" }, request);
      if (admission.kind === "redirect") {
        response.writeHead(302, { location: admission.location, "cache-control": "no-store", ...admission.headers });
        response.end();
        return;
      }
      if (admission.kind === "refused") return sendPortPage(response, admission.page);
      if (admission.holder) this.#options.live.add(admission.holder, response);
      await this.#forward(port, request, response, admission.dropAuthorization);
    } catch (error) {
      this.#options.log.error({ err: error, label }, "could not serve an exposed port");
      sendPortPage(response, { status: 500, title: "Something went wrong", text: "The server's log has the details." });
    }
  }

  /** The same for a WebSocket (or any other upgrade). Never rejects. */
  async upgrade(label: string, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    try {
      const port = await findPortByLabel(this.#options.database, label);
      if (port === undefined)
        return refuseUpgrade(socket, new Problem("server/not-found", { message: unknownPort.text }));
      const admission = await this.#options.gate.admit({ ...port, kind: "ports" }, request);
      if (admission.kind !== "admitted") return refuseUpgrade(socket, privateTo("port"));
      if (admission.holder) this.#options.live.add(admission.holder, socket);
      await this.#forwardUpgrade(port, request, socket, head, admission.dropAuthorization);
    } catch (error) {
      refuseUpgrade(socket, toldProblem(error, this.#options.log, "could not upgrade a port"));
    }
  }

  async #forward(port: PortRow, request: IncomingMessage, response: ServerResponse, dropAuthorization: boolean) {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    let upstream: Duplex;
    try {
      upstream = await this.#dial(port, gone.signal);
    } catch (error) {
      if (!gone.signal.aborted) sendPortPage(response, silentPort(port, error));
      return;
    }
    const { origins } = this.#options;
    const origin = origins.portUrl(port.label, origins.appUrlFor(request));
    const onward = httpRequest({
      createConnection: () => upstream,
      method: request.method ?? "GET",
      path: rewritePath(request.url ?? "/", port.path_rewrite ?? undefined),
      headers: headersForApp(request, {
        hostRewrite: port.host_rewrite ?? undefined,
        visitor: origins.visitorOf(request),
        scheme: origin.startsWith("https:") ? "https" : "http",
        dropAuthorization,
        isUpgrade: false,
      }),
    });
    const timer = setTimeout(() => onward.destroy(new Error("the app sent no response")), responseTimeoutMs);
    onward.once("response", answer => {
      clearTimeout(timer);
      const hostRewrite = port.host_rewrite ?? undefined;
      response.writeHead(
        answer.statusCode ?? 502,
        answer.statusMessage,
        headersForVisitor(answer, { hostRewrite, origin }),
      );
      response.flushHeaders();
      // A stream that breaks in the middle must look broken to the visitor, and pipeline sees to that.
      pipeline(answer, response, () => upstream.destroy());
    });
    onward.on("error", error => {
      clearTimeout(timer);
      upstream.destroy();
      if (!gone.signal.aborted) sendPortPage(response, brokenPort(port, error));
    });
    response.once("close", () => {
      clearTimeout(timer);
      onward.destroy();
      upstream.destroy();
    });
    request.pipe(onward);
  }

  async #forwardUpgrade(
    port: PortRow,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    dropAuthorization: boolean,
  ): Promise<void> {
    const gone = new AbortController();
    socket.once("close", () => gone.abort());
    const upstream = await this.#dial(port, gone.signal).catch(error => {
      if (error instanceof Problem) throw error;
      throw new Problem("access/port-unreachable", { message: silentPort(port, error).title, cause: error });
    });
    socket.once("close", () => upstream.destroy());
    const { origins } = this.#options;
    const origin = origins.portUrl(port.label, origins.appUrlFor(request));
    const hostRewrite = port.host_rewrite ?? undefined;
    const onward = httpRequest({
      createConnection: () => upstream,
      path: rewritePath(request.url ?? "/", port.path_rewrite ?? undefined),
      headers: headersForApp(request, {
        hostRewrite,
        visitor: origins.visitorOf(request),
        scheme: origin.startsWith("https:") ? "https" : "http",
        dropAuthorization,
        isUpgrade: true,
      }),
    });
    const timer = setTimeout(() => onward.destroy(new Error("the app did not answer")), responseTimeoutMs);
    onward.once("upgrade", (answer, appSocket: Duplex, appHead) => {
      clearTimeout(timer);
      const headers = { ...headersForVisitor(answer, { hostRewrite, origin }) };
      const lines = [
        `HTTP/1.1 101 ${answer.statusMessage}`,
        "Connection: Upgrade",
        `Upgrade: ${answer.headers.upgrade}`,
      ];
      for (const [name, values] of Object.entries(headers)) {
        for (const value of [values].flat()) lines.push(`${name}: ${value}`);
      }
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
      if (appHead.length > 0) socket.write(appHead);
      if (head.length > 0) appSocket.write(head);
      // Being both ends of a pipeline takes more listeners than Node thinks healthy.
      socket.setMaxListeners(20);
      pipeline(socket, appSocket, socket, () => {
        socket.destroy();
        appSocket.destroy();
      });
    });
    onward.once("response", answer => {
      clearTimeout(timer);
      // The app's own refusal, in its own words.
      const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`, "Connection: close"];
      for (const [name, values] of Object.entries(headersForVisitor(answer, { hostRewrite, origin }))) {
        for (const value of [values].flat()) lines.push(`${name}: ${value}`);
      }
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
      pipeline(answer, socket, () => upstream.destroy());
    });
    onward.on("error", error => {
      clearTimeout(timer);
      upstream.destroy();
      const message = `${brokenPort(port, error).title}: ${error.message}`;
      refuseUpgrade(socket, new Problem("access/port-unreachable", { message }));
    });
    onward.end();
  }

  async #dial(port: PortRow, signal: AbortSignal): Promise<Duplex> {
    const open = this.#connections.get(port.play_id) ?? 0;
    if (open >= maxConnectionsPerPlay) {
      throw new Problem("server/rate-limited", { message: "Too many connections are open to this play" });
    }
    this.#connections.set(port.play_id, open + 1);
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(dialTimeoutMs)]);
      const plain = await this.#options.plays.dial(port.play_id, port.machine, port.number, limit);
      plain.once("close", () => this.#release(port.play_id));
      plain.on("error", () => plain.destroy());
      return port.tls === 1 ? await secured(plain, port.host_rewrite ?? port.machine) : plain;
    } catch (error) {
      this.#release(port.play_id);
      throw error;
    }
  }

  #release(playId: string): void {
    const left = (this.#connections.get(playId) ?? 1) - 1;
    if (left > 0) this.#connections.set(playId, left);
    else this.#connections.delete(playId);
  }
}

/** Apps in machines have certificates of their own making: what matters is that they speak TLS at all. */
function secured(plain: Duplex, serverName: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const name = serverName.replace(/:\d+$/, "");
    const socket = tlsConnect({
      socket: plain,
      servername: name,
      rejectUnauthorized: false,
      ALPNProtocols: ["http/1.1"],
    });
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the app closed the connection during the TLS handshake")));
    plain.once("close", () => socket.destroy());
  });
}

const unknownPort = {
  status: 404,
  title: "Nothing is exposed here",
  text: "This address belongs to no exposed port, or its play has been destroyed.",
};

function silentPort(port: PortRow, error: unknown) {
  const problem = error instanceof Problem ? ` (${error.message})` : "";
  const tool = toolBehind(port);
  if (tool !== undefined) {
    return {
      status: 502,
      title: `This image has no ${tool}, or it has not started yet`,
      text:
        `Nothing listens on port ${port.number} of machine ${port.machine}, where images that bring one serve it. ` +
        `This page tries again every ${reloadSeconds} seconds.${problem}`,
      reloadSeconds,
    };
  }
  return {
    status: 502,
    title: `Nothing listens on port ${port.number} of machine ${port.machine} yet`,
    text:
      `This page tries again every ${reloadSeconds} seconds. The app must listen on the machine's network address or ` +
      `on 0.0.0.0; 127.0.0.1 cannot be reached from outside.${problem}`,
    reloadSeconds,
  };
}

function brokenPort(port: PortRow, error: Error) {
  return {
    status: 502,
    title: `Port ${port.number} of machine ${port.machine} did not answer in HTTP`,
    text: `${error.message}. This page tries again every ${reloadSeconds} seconds.`,
    reloadSeconds,
  };
}
