import { type IncomingMessage, request } from "node:http";
import { Problem } from "../../api/problems.ts";

const maxAnswerBytes = 8 * 1024 * 1024;
/** For questions that an engine answers from memory; pulls, commands and exports take as long as they take. */
const answerTimeoutMs = 60_000;

export type Endpoint = { socketPath: string } | { host: string; port: number };

export interface EngineRequest {
  method: "GET" | "POST" | "DELETE";
  path: string;
  query?: Record<string, string | undefined>;
  body?: unknown;
  signal: AbortSignal;
  /** Default one minute until the answer begins; 0: as long as it takes. */
  timeoutMs?: number;
}

export interface EngineAnswer {
  status: number;
  text: string;
}

/** Speaks HTTP to a container engine. Knows nothing of what is said. */
export class EngineHttp {
  readonly #endpoint: Endpoint;
  readonly #name: string;

  constructor(name: string, endpoint: Endpoint) {
    this.#name = name;
    this.#endpoint = endpoint;
  }

  get address(): string {
    return "socketPath" in this.#endpoint
      ? this.#endpoint.socketPath
      : `http://${this.#endpoint.host}:${this.#endpoint.port}`;
  }

  /** The whole answer, whatever its status. */
  async ask(what: EngineRequest): Promise<EngineAnswer> {
    const message = await this.open(what);
    return { status: message.statusCode ?? 0, text: await readText(message) };
  }

  /** The whole answer as JSON; any status but the expected ones is `build/engine-failed` with the engine's words. */
  async json(what: EngineRequest, expected: readonly number[]): Promise<unknown> {
    const answer = await this.ask(what);
    if (!expected.includes(answer.status)) throw this.refused(what, answer);
    try {
      return answer.text.trim() === "" ? undefined : JSON.parse(answer.text);
    } catch (cause) {
      const message = `${this.#name} answered ${what.method} ${what.path} with something that is not JSON`;
      throw new Problem("build/engine-failed", { message, cause });
    }
  }

  /** The answer as a stream, once its head is there. The caller reads or destroys it. */
  async open(what: EngineRequest): Promise<IncomingMessage> {
    what.signal.throwIfAborted();
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(what.query ?? {})) if (value !== undefined) query.set(key, value);
    const body = what.body === undefined ? undefined : Buffer.from(JSON.stringify(what.body));
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const outgoing = request(
      {
        ...this.#endpoint,
        method: what.method,
        path: `${what.path}${query.size === 0 ? "" : `?${query}`}`,
        headers: {
          host: "localhost",
          ...(body === undefined ? {} : { "content-type": "application/json", "content-length": body.length }),
        },
        signal: what.signal,
        agent: false,
      },
      resolve,
    );
    const timeoutMs = what.timeoutMs ?? answerTimeoutMs;
    const timer = setTimeout(
      () => {
        outgoing.destroy(new Error(`no answer to ${what.method} ${what.path} within ${timeoutMs / 1000} s`));
      },
      timeoutMs || 2 ** 31 - 1,
    );
    outgoing.on("error", reject);
    // An engine that takes over the connection says so; what follows is the stream itself.
    outgoing.on("upgrade", (message, socket, head) => {
      socket.destroy();
      void head;
      reject(new Error(`${this.#name} switched protocols (${message.statusCode}) without being asked`));
    });
    outgoing.end(body);
    try {
      return await promise;
    } catch (cause) {
      what.signal.throwIfAborted();
      const message = `${this.#name} at ${this.address} does not answer: ${(cause as Error).message}`;
      throw new Problem("build/engine-unreachable", { message, cause });
    } finally {
      clearTimeout(timer);
    }
  }

  refused(what: Pick<EngineRequest, "method" | "path">, answer: EngineAnswer): Problem {
    return new Problem("build/engine-failed", {
      message: `${this.#name} refused ${what.method} ${what.path} (${answer.status}): ${wordsOf(answer.text)}`,
    });
  }
}

/** What the engine says in its JSON errors; the text itself when it is none. */
export function wordsOf(text: string): string {
  try {
    const { message, cause } = JSON.parse(text) as { message?: unknown; cause?: unknown };
    if (typeof message === "string" && message !== "") return message.trim();
    if (typeof cause === "string") return cause;
  } catch {
    // Not JSON: shown as it is.
  }
  return text.trim().slice(0, 500) || "no reason given";
}

export async function readText(message: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    size += chunk.length;
    if (size > maxAnswerBytes) throw new Problem("build/engine-failed", { message: "the engine's answer is too long" });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
