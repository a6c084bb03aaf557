import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { gunzipSync } from "node:zlib";
import type { LabctlConfig } from "./config.ts";
import { Exit, type LabctlContext, pause } from "./context.ts";
import { decode, type Shape } from "./go-json.ts";
import { labctlVersion } from "./version.ts";

export interface RawReply {
  status: number;
  headers: IncomingMessage["headers"];
  body: string;
}

/** What became of a call that was not answered with 2xx. */
export class CallFailure extends Error {
  override readonly name = "CallFailure";
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, message: string, retryAfterSeconds?: number) {
    super(message);
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

const maxTries = 5;
const budgetSeconds = 10;
const maxRedirects = 10;

/** The client's API calls: exactly its headers, its retries, its reading of replies. */
export class LabctlApi {
  readonly context: LabctlContext;
  config: LabctlConfig;

  constructor(context: LabctlContext, config: LabctlConfig) {
    this.context = context;
    this.config = config;
  }

  /** A call whose reply is decoded: an empty body is the error EOF. */
  async call<T>(method: string, path: string, shape: Shape<T>, body?: unknown): Promise<T> {
    return decode(shape, (await this.send(method, path, body)).body);
  }

  /** A call whose reply is not looked at. */
  async send(method: string, path: string, body?: unknown): Promise<RawReply> {
    return this.sendText(method, path, body === undefined ? undefined : JSON.stringify(body));
  }

  /** At most five tries within ten seconds for 503, 504, 429 and a broken network; all else is final. */
  async sendText(method: string, path: string, text: string | undefined, tries = maxTries): Promise<RawReply> {
    const { context, config } = this;
    const url = /^https?:\/\//.test(path) ? path : `${config.apiBaseUrl}${path}`;
    const deadline = Date.now() + budgetSeconds * context.secondMs;
    let waitSeconds = 0.5;
    for (let attempt = 1; ; attempt++) {
      const failure = await this.#attempt(method, url, text);
      if (!(failure instanceof CallFailure)) return failure;
      if (![0, 429, 503, 504].includes(failure.status)) throw failure;
      const seconds = failure.retryAfterSeconds ?? waitSeconds * (0.5 + Math.random());
      if (attempt >= tries || Date.now() + seconds * context.secondMs > deadline) {
        const told = failure.retryAfterSeconds === undefined ? failure.message : `retry after ${seconds}s`;
        throw new CallFailure(failure.status, told, failure.retryAfterSeconds);
      }
      await pause(context, seconds);
      waitSeconds *= 1.5;
    }
  }

  async #attempt(method: string, url: string, text: string | undefined): Promise<RawReply | CallFailure> {
    const isOurs = url.startsWith(this.config.apiBaseUrl) || url.startsWith(this.config.baseUrl);
    const { sessionId, accessToken } = this.config;
    const authorization =
      isOurs && sessionId !== "" && accessToken !== ""
        ? { authorization: `Basic ${Buffer.from(`${sessionId}:${accessToken}`).toString("base64")}` }
        : {};
    let reply: RawReply;
    try {
      reply = await exchange(this.context, method, url, {
        headers: { "user-agent": `labctl/${labctlVersion.slice(1)} (built: unknown commit: none)`, ...authorization },
        body: text,
      });
    } catch (error) {
      if (this.context.signal.aborted) throw new Exit(1, "Context canceled");
      return new CallFailure(0, error instanceof Error ? error.message : String(error));
    }
    if (reply.status >= 200 && reply.status < 300) return reply;
    if (reply.status === 401) return new CallFailure(401, "authentication required");
    if (reply.status === 404) return new CallFailure(404, "not found");
    const message = `request failed with status ${reply.status}: ${reply.body}`;
    return new CallFailure(reply.status, message, reply.status === 429 ? resetSeconds(reply) : undefined);
  }
}

/** An integer X-Ratelimit-Reset above 0: an absolute time when it is large, else seconds from now; at most 300. */
function resetSeconds({ headers }: RawReply): number | undefined {
  const value = String(headers["x-ratelimit-reset"] ?? "");
  if (!/^\d+$/.test(value) || Number(value) <= 0) return undefined;
  const seconds = Number(value) >= 1e9 ? Number(value) - Date.now() / 1000 : Number(value);
  return Math.min(300, Math.max(0, seconds));
}

/**
 * One request as Go's default client sends it: no Content-Type, gzip offered, redirects followed. Where a header of
 * ours slips in that the real client does not send, the exchange fails.
 */
export async function exchange(
  context: Pick<LabctlContext, "ca" | "signal">,
  method: string,
  url: string,
  { headers = {}, body: sentBody }: { headers?: Record<string, string>; body?: string | Buffer | undefined },
  redirects = 0,
): Promise<RawReply> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const hasBody = method !== "GET" && method !== "DELETE";
    const length = hasBody || sentBody !== undefined ? { "content-length": Buffer.byteLength(sentBody ?? "") } : {};
    const options = {
      method,
      agent: false as const,
      headers: { ...headers, ...length, "accept-encoding": "gzip" },
      signal: context.signal,
    };
    const ask = url.startsWith("https:")
      ? httpsRequest(url, { ...options, ...(context.ca === undefined ? {} : { ca: context.ca }) })
      : httpRequest(url, options);
    const sent = Object.keys(ask.getHeaders());
    const allowed = ["host", "user-agent", "authorization", "content-length", "accept-encoding", "cookie"];
    const foreign = sent.filter(name => !allowed.includes(name.toLowerCase()));
    if (foreign.length > 0) throw new Error(`the real client sends no ${foreign.join(", ")}`);
    ask.once("response", resolve);
    ask.once("error", reject);
    ask.end(sentBody);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const { location } = response.headers;
  const status = response.statusCode ?? 0;
  if (location !== undefined && [301, 302, 303, 307, 308].includes(status)) {
    if (redirects >= maxRedirects) throw new Error("stopped after 10 redirects");
    const keeps = status >= 307;
    const next = new URL(location, url);
    const { authorization, ...others } = headers;
    const forwarded = next.host === new URL(url).host && authorization ? headers : others;
    return exchange(
      context,
      keeps ? method : "GET",
      next.href,
      { headers: forwarded, ...(keeps && sentBody !== undefined ? { body: sentBody } : {}) },
      redirects + 1,
    );
  }
  const body = response.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes;
  return { status, headers: response.headers, body: body.toString() };
}
