import { type IncomingMessage, request as sendRequest, type ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { pipeline } from "node:stream/promises";
import { Problem } from "../../api/problems.ts";
import { credentialCheck } from "./credentials.ts";
import type { RegistryProcess } from "./registry-process.ts";
import type { StoredBytes } from "./stored-bytes.ts";

/** The registry may be busy for a while with what it got, but not for ever. */
const idleMs = 300_000;
/** What a request that stores something costs besides its content: directories and small files. */
const overheadBytes = 32 * 1024;

export interface RegistryFrontOptions {
  certificatePem: string;
  privateKeyPem: string;
  /** "user:password"; undefined: everybody passes. */
  auth: string | undefined;
  backend: Pick<RegistryProcess, "connect">;
  stored: Pick<StoredBytes, "reserve">;
}

/**
 * The HTTPS server before a registry: it ends TLS, asks for credentials, and lets nothing in that would not fit.
 *
 * It does not listen: give it accepted connections as "connection" events.
 */
export function createRegistryFront(options: RegistryFrontOptions): Server {
  const isAllowed = credentialCheck(options.auth);
  const { privateKeyPem: key, certificatePem: cert } = options;
  const server = createServer({ key, cert }, (request, response) => {
    answer(options, isAllowed, request, response).catch(error => refuse(response, error));
  });
  server.timeout = idleMs;
  // An upload takes as long as it takes; one that stands still is ended by the line above.
  server.requestTimeout = 0;
  return server;
}

async function answer(
  { backend, stored }: RegistryFrontOptions,
  isAllowed: (header: string | undefined) => boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!isAllowed(request.headers.authorization)) throw new Refusal(401, "UNAUTHORIZED", "the registry wants a login");
  if (!/^\/v2(?:\/|$|\?)/.test(request.url ?? "")) throw new Refusal(404, "UNSUPPORTED", "this is a registry, API v2");
  const stores = ["POST", "PUT", "PATCH"].includes(request.method ?? "");
  const announced = Number(request.headers["content-length"] ?? 0);
  if (stores && !(await stored.reserve(overheadBytes + announced))) throw new Full();
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const socket = await backend.connect(gone.signal);
  const forwarded = sendRequest({
    createConnection: () => socket,
    method: request.method,
    path: request.url,
    headers: requestHeaders(request),
    setHost: false,
    signal: gone.signal,
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    forwarded.once("response", resolve);
    forwarded.on("error", reject);
  });
  const unannounced = stores && request.headers["content-length"] === undefined;
  const sent = unannounced ? pipeline(request, counted(stored), forwarded) : pipeline(request, forwarded);
  // A registry may answer before it has read everything; only what keeps it from answering matters.
  const [reply] = await Promise.all([answered, sent.catch(error => rejectWithOwn(error))]);
  response.writeHead(reply.statusCode ?? 502, replyHeaders(reply));
  await pipeline(reply, response);
}

/** Our own refusal decides; that the registry stopped reading shows in its answer. */
function rejectWithOwn(error: unknown): void {
  if (error instanceof Refusal) throw error;
}

/** Lets pass what fits. */
function counted(stored: RegistryFrontOptions["stored"]) {
  return async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      if (!(await stored.reserve(chunk.length))) throw new Full();
      yield chunk;
    }
  };
}

const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

function requestHeaders({ headers }: IncomingMessage) {
  const kept = Object.entries(headers).filter(
    // Credentials end here, and what a client says of other proxies is not believed.
    ([name]) => !hopByHop.has(name) && !/^(?:authorization|forwarded|x-forwarded-.*)$/.test(name),
  );
  // The registry puts both into the addresses it answers with.
  return { ...Object.fromEntries(kept), "x-forwarded-proto": "https" };
}

function replyHeaders({ headers }: IncomingMessage) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)));
}

/** An answer in the words of the registry protocol, which clients show to people. */
class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

class Full extends Refusal {
  constructor() {
    super(413, "DENIED", "the registry of this play is full");
  }
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const { status, code, message } = asRefusal(error);
  response.writeHead(status, {
    "content-type": "application/json",
    "docker-distribution-api-version": "registry/2.0",
    // What it still sends is not read.
    connection: "close",
    ...(status === 401 ? { "www-authenticate": 'Basic realm="registry of the play", charset="UTF-8"' } : {}),
  });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
}

function asRefusal(error: unknown): Pick<Refusal, "status" | "code" | "message"> {
  if (error instanceof Refusal) return error;
  const message = error instanceof Problem ? error.message : "the registry did not answer; try again";
  return { status: 503, code: "UNAVAILABLE", message };
}
