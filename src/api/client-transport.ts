import { Problem, type ProblemJson } from "./problems.ts";

export interface Credentials {
  sessionId: string;
  accessToken: string;
}

export interface ClientOptions {
  /** Base URL without /api and without a trailing slash; "" in the browser: the page's own origin. */
  endpoint: string;
  /** Absent in the browser, where the session cookie speaks. */
  credentials?: Credentials;
  /** Sent as User-Agent where the platform allows it. */
  userAgent?: string;
}

interface CallOptions {
  query?: Record<string, string | string[] | undefined>;
  body?: unknown;
  /** A body that is a file. */
  bytes?: Uint8Array<ArrayBuffer>;
  signal?: AbortSignal | undefined;
}

/** Sends one request and returns the decoded reply; every failure is a Problem. */
export type Call = <T>(method: string, path: string, options?: CallOptions) => Promise<T>;

/** The one place of the client that touches the network. */
export function createCall(options: ClientOptions): Call {
  return async (method, path, { query, body, bytes, signal } = {}) => {
    const headers = new Headers({ accept: "application/json" });
    if (options.credentials) headers.set("authorization", basicAuthorization(options.credentials));
    if (options.userAgent !== undefined) headers.set("user-agent", options.userAgent);
    if (body !== undefined) headers.set("content-type", "application/json");
    let response: Response;
    try {
      response = await fetch(`${options.endpoint}/api${path}${queryString(query)}`, {
        method,
        headers,
        credentials: "same-origin",
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(bytes === undefined ? {} : { body: bytes }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (cause) {
      signal?.throwIfAborted();
      const where = options.endpoint === "" ? "" : ` at ${options.endpoint}`;
      throw new Problem("server/unreachable", { message: `No Labyard server answers${where}`, cause });
    }
    const text = await response.text();
    if (!response.ok) throw problemOf(response.status, text);
    return decode(text);
  };
}

function basicAuthorization({ sessionId, accessToken }: Credentials): string {
  return `Basic ${btoa(`${sessionId}:${accessToken}`)}`;
}

/** Of any type: what a caller of the API takes it for, the contract says. */
function decode(text: string) {
  try {
    return JSON.parse(text === "" ? "{}" : text);
  } catch (cause) {
    throw new Problem("server/internal", { message: "The server's reply is not JSON", cause });
  }
}

function problemOf(status: number, text: string): Problem {
  try {
    const json = JSON.parse(text) as ProblemJson;
    if (typeof json.error === "string") return Problem.fromJSON(json);
  } catch {
    // Not ours: a proxy in between answered.
  }
  return new Problem("server/internal", {
    message: `The server answered with status ${status}`,
    details: [text.slice(0, 500)],
  });
}

function queryString(query: CallOptions["query"] = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const item of value === undefined ? [] : [value].flat()) search.append(name, item);
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}
