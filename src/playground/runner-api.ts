import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { JournalQuery } from "../access/journal-query.ts";
import type { PlayState, TaskState } from "../api/play-state.ts";
import { Problem } from "../api/problems.ts";
import type { KeyRequest, ListeningPort, TerminalRequest } from "./plays.ts";

/** What a runner can be asked about its play. */
export interface RunnerActions {
  /** May take until the machines have been started. */
  readonly access: Promise<AccessActions>;
  watch(signal: AbortSignal): AsyncIterable<PlayState>;
  tasks(): TaskState[];
  stop(): void;
  retryTask(task: string): void;
  skipTask(task: string): void;
  machineAction(machine: string, action: "reboot" | "stop" | "restart"): Promise<void> | void;
}

/** The ways of people into the play. */
export interface AccessActions {
  dial(machine: string, port: number, signal: AbortSignal): Promise<Duplex>;
  scanPorts(machine: string | undefined): Promise<ListeningPort[]>;
  authorizeKey(request: KeyRequest): Promise<void>;
  attachTunnel(machine: string, payload: string, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
  openTerminal(terminal: TerminalRequest): Promise<string>;
  listTerminals(): Array<{ id: string; machine: string; user: string }>;
  closeTerminal(id: string): void;
  attachTerminal(id: string, request: IncomingMessage, socket: Duplex, head: Buffer): void;
  attachExec(
    exec: { machine: string; user?: string; command?: string; pty?: { cols: number; rows: number } },
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void;
  attachJournal(machine: string, query: JournalQuery, request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

const bodyMaxBytes = 64 * 1024;

type Handler = (actions: RunnerActions, match: string[], body: unknown) => unknown;

const routes: Array<[method: string, path: RegExp, handler: Handler]> = [
  ["GET", /^\/alive$/, () => ({ alive: true })],
  ["GET", /^\/tasks$/, actions => actions.tasks()],
  ["POST", /^\/stop$/, actions => actions.stop()],
  ["POST", /^\/tasks\/([^/]+)\/retry$/, (actions, [task]) => actions.retryTask(task as string)],
  ["POST", /^\/tasks\/([^/]+)\/skip$/, (actions, [task]) => actions.skipTask(task as string)],
  [
    "POST",
    /^\/machines\/([^/]+)\/(reboot|stop|restart)$/,
    (actions, [machine, action]) => actions.machineAction(machine as string, action as "reboot" | "stop" | "restart"),
  ],
  [
    "POST",
    /^\/ports\/scan$/,
    async (actions, _match, body) =>
      (await actions.access).scanPorts((body as { machine?: string } | undefined)?.machine),
  ],
  [
    "POST",
    /^\/terminals$/,
    async (actions, _match, body) => ({ id: await (await actions.access).openTerminal(body as TerminalRequest) }),
  ],
  [
    "POST",
    /^\/machines\/([^/]+)\/authorized-keys$/,
    async (actions, _match, body) => (await actions.access).authorizeKey(body as KeyRequest),
  ],
  ["GET", /^\/terminals$/, async actions => (await actions.access).listTerminals()],
  ["DELETE", /^\/terminals\/([^/]+)$/, async (actions, [id]) => (await actions.access).closeTerminal(id as string)],
];

/**
 * The HTTP server of a runner's Unix socket. Only this user can reach it (the directory is 0700), so it asks for no
 * credentials; everything it is sent has already been authorized by the server.
 */
export function createRunnerServer(actions: RunnerActions): Server {
  const server = createServer((request, response) => {
    answer(actions, request, response).catch(error => {
      const problem = Problem.from(error);
      if (response.headersSent) response.destroy();
      else reply(response, problem.spec.status, problem.toJSON());
    });
  });
  server.on("connect", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    void connect(actions, request, socket, head);
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    void upgrade(actions, request, socket, head);
  });
  return server;
}

async function answer(actions: RunnerActions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? "/", "http://runner").pathname;
  if (request.method === "GET" && path === "/watch") {
    await stream(actions, request, response);
    return;
  }
  for (const [method, pattern, handler] of routes) {
    const match = method === request.method ? pattern.exec(path) : null;
    if (match === null) continue;
    const body = method === "POST" ? await readBody(request) : undefined;
    reply(response, 200, (await handler(actions, match.slice(1).map(decodeURIComponent), body)) ?? {});
    return;
  }
  throw new Problem("server/not-found", { message: `the runner knows no ${request.method} ${path}` });
}

async function stream(actions: RunnerActions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const closed = new AbortController();
  response.once("close", () => closed.abort());
  request.resume();
  response.writeHead(200, { "content-type": "application/jsonl" });
  for await (const state of actions.watch(closed.signal)) {
    // Waiting for the drain drops states in between, never the newest: the next one is complete again.
    if (!response.write(`${JSON.stringify(state)}\n`)) {
      await new Promise<void>(resolve => {
        response.once("drain", resolve);
        response.once("close", resolve);
      });
    }
  }
  response.end();
}

async function connect(actions: RunnerActions, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  socket.on("error", () => socket.destroy());
  const [machine, port] = (request.url ?? "").split(":");
  const closed = new AbortController();
  const abort = () => closed.abort();
  socket.once("close", abort);
  try {
    const target = await (await actions.access).dial(machine ?? "", Number(port), closed.signal);
    socket.off("close", abort);
    socket.write("HTTP/1.1 200 Connected\r\n\r\n");
    if (head.length > 0) target.write(head);
    socket.pipe(target).pipe(socket);
    target.on("error", () => socket.destroy());
    target.on("close", () => socket.destroy());
    socket.on("close", () => target.destroy());
  } catch (error) {
    const json = encodeURIComponent(JSON.stringify(Problem.from(error).toJSON()));
    socket.end(`HTTP/1.1 502 Bad Gateway\r\nX-Labyard-Problem: ${json}\r\n\r\n`);
  }
}

async function upgrade(actions: RunnerActions, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  // Who hangs up while we dial must not end the process.
  socket.on("error", () => socket.destroy());
  try {
    const access = await actions.access;
    const url = new URL(request.url ?? "/", "http://runner");
    const tunnel = /^\/machines\/([^/]+)\/tunnels\/([^/]*)$/.exec(url.pathname);
    const terminal = /^\/terminals\/([^/]+)\/socket$/.exec(url.pathname);
    const exec = /^\/machines\/([^/]+)\/exec$/.exec(url.pathname);
    const journal = /^\/machines\/([^/]+)\/journal$/.exec(url.pathname);
    if (tunnel?.[1] !== undefined) {
      const [machine, payload] = [decodeURIComponent(tunnel[1]), decodeURIComponent(tunnel[2] ?? "")];
      await access.attachTunnel(machine, payload, request, socket, head);
    } else if (terminal?.[1] !== undefined) {
      access.attachTerminal(terminal[1], request, socket, head);
    } else if (exec?.[1] !== undefined) {
      const query = Object.fromEntries(url.searchParams);
      access.attachExec(
        {
          machine: decodeURIComponent(exec[1]),
          ...(query.user === undefined ? {} : { user: query.user }),
          ...(query.command === undefined ? {} : { command: query.command }),
          ...(query.cols === undefined ? {} : { pty: { cols: Number(query.cols), rows: Number(query.rows) } }),
        },
        request,
        socket,
        head,
      );
    } else if (journal?.[1] !== undefined) {
      const query = JSON.parse(url.searchParams.get("query") ?? "{}") as JournalQuery;
      access.attachJournal(decodeURIComponent(journal[1]), query, request, socket, head);
    } else {
      throw new Problem("server/not-found");
    }
  } catch (error) {
    const problem = Problem.from(error);
    const body = JSON.stringify(problem);
    socket.end(
      `HTTP/1.1 ${problem.spec.status} Refused\r\nConnection: close\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > bodyMaxBytes) throw new Problem("server/bad-request", { message: "the request body is too large" });
    chunks.push(chunk as Buffer);
  }
  const text = Buffer.concat(chunks).toString();
  return text === "" ? undefined : JSON.parse(text);
}

function reply(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}
