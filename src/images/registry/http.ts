import { type ClientRequest, request as requestPlain, type IncomingMessage } from "node:http";
import { request as requestTls } from "node:https";
import { finished } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { Problem } from "../../api/problems.ts";
import { releaseMemory } from "../release-memory.ts";
import { endWhenStalled, TransportError } from "./stall.ts";
import type { Transport } from "./transport.ts";

const maxRedirects = 10;
const maxAttempts = 4;
const maxRetryAfterMs = 60_000;
const retryBaseMs = 300;
const maxDiscardedBytes = 64 * 1024;

export interface HttpRequest {
  method: "GET" | "HEAD" | "POST";
  url: URL;
  headers: Record<string, string>;
  /** Of a POST, which never follows a redirect: what it holds is for this address only. */
  body?: string;
  transport: Transport;
  /** The registry that named this URL, when it is not the registry itself. */
  referrer?: URL;
  signal?: AbortSignal;
}

/** A response whose body has not been read; the caller reads it to the end or destroys it. */
export interface HttpResponse {
  status: number;
  headers: IncomingMessage["headers"];
  /** Fails with TransportError when its peer stalls. */
  body: IncomingMessage;
}

/**
 * Sends a request, follows redirects and tries again what may pass by itself (no connection, 429, 5xx), honouring
 * Retry-After. Answers with the final response, whatever its status; rejects with TransportError after the last try.
 */
export async function send(request: HttpRequest): Promise<HttpResponse> {
  for (let attempt = 1; ; attempt++) {
    let waitMs = retryBaseMs * 2 ** (attempt - 1) * (0.5 + Math.random());
    try {
      const { response, wasRedirected } = await sendFollowing(request);
      // A signed address has a short life: the next attempt asks the original one for a new one.
      const hasExpired = response.status === 403 && wasRedirected;
      const mayPass = response.status === 429 || response.status >= 500 || hasExpired;
      if (!mayPass || attempt === maxAttempts) return response;
      const asked = retryAfterMs(response.headers["retry-after"]);
      // Longer than a person would wait: the caller reports it instead.
      if (asked !== undefined && asked > maxRetryAfterMs) return response;
      waitMs = asked ?? waitMs;
      await discardBody(response);
    } catch (error) {
      request.signal?.throwIfAborted();
      if (!(error instanceof TransportError) || attempt === maxAttempts) throw error;
    }
    await delay(waitMs, undefined, request.signal ? { signal: request.signal } : {});
  }
}

/** Reads a small body; a longer one is refused. */
export async function readBody(response: HttpResponse, maxBytes: number, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) {
        throw new Problem("image/registry-failed", { message: `${what} is larger than ${maxBytes} bytes` });
      }
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new TransportError(`${what} broke off: ${(error as Error).message}`, { cause: error });
  } finally {
    response.body.destroy();
  }
  return Buffer.concat(chunks);
}

/**
 * Resolves when the body of a response that nobody reads has gone by, so that the next request finds the connection
 * free: a new one costs a handshake. A body that is longer than a message would be ends its connection instead.
 */
export async function discardBody({ body }: HttpResponse): Promise<void> {
  let size = 0;
  body.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxDiscardedBytes) body.destroy();
  });
  // How it ends makes no difference to whoever does not want it.
  await finished(body).catch(() => undefined);
}

async function sendFollowing(request: HttpRequest): Promise<{ response: HttpResponse; wasRedirected: boolean }> {
  let { url } = request;
  let headers = request.headers;
  const referrer = request.referrer ?? request.url;
  for (let hops = 0; hops <= maxRedirects; hops++) {
    const response = await sendOnce({ ...request, url, headers, referrer });
    const location = response.headers.location;
    const isRedirect = [301, 302, 303, 307, 308].includes(response.status) && location !== undefined;
    if (!isRedirect || request.method === "POST") return { response, wasRedirected: hops > 0 };
    await discardBody(response);
    const next = redirectTarget(url, location, request.transport);
    if (next.origin !== url.origin) {
      // Object stores answer 400 to a second kind of credentials, and the other host has no business with ours.
      headers = Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "authorization"));
    }
    url = next;
  }
  throw new Problem("image/registry-failed", {
    message: `${request.url.host} redirects more than ${maxRedirects} times`,
  });
}

function redirectTarget(from: URL, location: string, transport: Transport): URL {
  const target = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  const allowed =
    target?.protocol === "https:" ||
    (target?.protocol === "http:" && from.protocol === "http:" && transport.mayBePlain(target));
  if (target === undefined || !allowed) {
    throw new Problem("image/registry-failed", {
      message: `${from.host} redirects to ${target?.origin ?? "an address that cannot be read"}, which is not allowed`,
    });
  }
  return target;
}

async function sendOnce(request: HttpRequest): Promise<HttpResponse> {
  const { url, method, signal } = request;
  signal?.throwIfAborted();
  const connection = await request.transport.optionsFor(url, request.referrer);
  return new Promise((resolve, reject) => {
    const options = {
      ...connection,
      method,
      timeout: request.transport.patience.idleMs,
      // An encoded body would hide the bytes whose digest was promised.
      headers: { ...request.headers, "accept-encoding": "identity", "user-agent": "labyard" },
      ...(signal ? { signal } : {}),
    };
    const onResponse = (body: IncomingMessage) => {
      if (![undefined, "", "identity"].includes(body.headers["content-encoding"])) {
        body.destroy();
        reject(new Problem("image/registry-failed", { message: `${url.host} encodes what was asked for plain` }));
        return;
      }
      resolve({ status: body.statusCode ?? 0, headers: body.headers, body });
    };
    const outgoing =
      url.protocol === "http:" ? requestPlain(url, options, onResponse) : requestTls(url, options, onResponse);
    releaseSocketChunks(outgoing);
    endWhenStalled(outgoing, url.host, request.transport.patience);
    outgoing.on("error", cause => {
      // The address policy speaks through the lookup of the name.
      if (cause instanceof Problem || cause instanceof TransportError) reject(cause);
      else
        reject(new TransportError(`${url.host}: ${cause.message || (cause as NodeJS.ErrnoException).code}`, { cause }));
    });
    outgoing.end(request.body);
  });
}

/** Node's parser hands out copies of what it finds in a chunk of the connection; nobody needs the chunk afterwards. */
function releaseSocketChunks(outgoing: ClientRequest): void {
  // Listeners are called in their order, and that of the parser is there when a request gets its socket.
  outgoing.once("socket", socket => {
    socket.on("data", releaseMemory);
    outgoing.once("close", () => socket.off("data", releaseMemory));
  });
}

/** Seconds or a date, in milliseconds from now. */
export function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
