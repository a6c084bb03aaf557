import { type IncomingMessage, request } from "node:http";
import type { Duplex } from "node:stream";
import type { PlayState } from "../api/play-state.ts";
import { Problem, type ProblemJson } from "../api/problems.ts";
import { jsonLines } from "../lib/json-lines.ts";

const answerTimeoutMs = 15_000;

/** One request to a runner's socket, answered with JSON. Rejects with the runner's Problem or `playground/runner-gone`. */
export async function askRunner<T>(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
  timeoutMs = answerTimeoutMs,
): Promise<T> {
  const response = await send(socketPath, method, path, body, AbortSignal.timeout(timeoutMs));
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const value: unknown = JSON.parse(Buffer.concat(chunks).toString() || "{}");
  if ((response.statusCode ?? 500) >= 400) throw Problem.fromJSON(value as ProblemJson);
  return value as T;
}

/** True when a runner answers on this socket: the only proof of life that counts. */
export async function runnerAnswers(socketPath: string): Promise<boolean> {
  try {
    await askRunner(socketPath, "GET", "/alive");
    return true;
  } catch {
    return false;
  }
}

/** The runner's state at once and after every change; ends when the runner does. */
export async function* watchRunner(socketPath: string, signal: AbortSignal): AsyncGenerator<PlayState> {
  const response = await send(socketPath, "GET", "/watch", undefined, signal);
  try {
    for await (const state of jsonLines(response)) yield state as PlayState;
  } catch (error) {
    // A stream cut short is how the death of a runner looks from here; the caller asks the disk what happened.
    if (!signal.aborted && !isDisconnect(error)) throw error;
  } finally {
    response.destroy();
  }
}

/** A raw stream to a port of a machine (HTTP CONNECT on the runner's socket). */
export function dialThroughRunner(
  socketPath: string,
  machine: string,
  port: number,
  signal: AbortSignal,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const ask = request({ socketPath, method: "CONNECT", path: `${machine}:${port}`, signal });
    ask.once("connect", (response, socket, head) => {
      if (response.statusCode === 200) {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
        return;
      }
      socket.destroy();
      const problem = response.headers["x-labyard-problem"];
      reject(
        typeof problem === "string"
          ? Problem.fromJSON(JSON.parse(decodeURIComponent(problem)) as ProblemJson)
          : new Problem("playground/runner-gone"),
      );
    });
    ask.once("error", cause => reject(signal.aborted ? cause : gone(cause)));
    ask.end();
  });
}

/**
 * Passes a client's WebSocket upgrade through to the runner, byte for byte.
 *
 * Headers that carry credentials stay here. If the runner cannot be reached the client gets a problem and is closed.
 */
export async function spliceUpgrade(
  socketPath: string,
  path: string,
  clientRequest: IncomingMessage,
  client: Duplex,
  head: Buffer,
): Promise<void> {
  const forwarded = [
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-extensions",
    "sec-websocket-protocol",
  ];
  const headers: Record<string, string> = { connection: "Upgrade", upgrade: "websocket", host: "runner" };
  for (const name of forwarded) {
    const value = clientRequest.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  await new Promise<void>(resolve => {
    const ask = request({ socketPath, path, headers });
    const refuse = (status: string, body: string) => {
      client.end(
        `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
          `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
      resolve();
    };
    ask.once("upgrade", (response, upstream, upstreamHead) => {
      const lines = [`HTTP/1.1 101 Switching Protocols`];
      for (let i = 0; i < response.rawHeaders.length; i += 2) {
        lines.push(`${response.rawHeaders[i]}: ${response.rawHeaders[i + 1]}`);
      }
      client.write(`${lines.join("\r\n")}\r\n\r\n`);
      if (upstreamHead.length > 0) client.write(upstreamHead);
      if (head.length > 0) upstream.write(head);
      join(client, upstream);
      resolve();
    });
    ask.once("response", response => {
      // The runner's problem, for clients that can show it.
      const chunks: Buffer[] = [];
      response.on("data", chunk => chunks.push(chunk as Buffer));
      response.once("close", () =>
        refuse(
          `${response.statusCode ?? 502} ${response.statusMessage ?? "Bad Gateway"}`,
          Buffer.concat(chunks).toString(),
        ),
      );
    });
    ask.once("error", cause => {
      const problem = gone(cause);
      refuse(`${problem.spec.status} Refused`, JSON.stringify(problem));
    });
    client.once("error", () => ask.destroy());
    ask.end();
  });
}

function join(a: Duplex, b: Duplex): void {
  a.pipe(b).pipe(a);
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    one.on("error", () => other.destroy());
    one.on("close", () => other.destroy());
  }
}

function send(
  socketPath: string,
  method: string,
  path: string,
  body: unknown,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const ask = request({ socketPath, method, path, signal, agent: false });
    ask.once("response", resolve);
    ask.once("error", cause => reject(signal.aborted && signal.reason?.name !== "TimeoutError" ? cause : gone(cause)));
    ask.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function gone(cause: Error): Problem {
  return new Problem("playground/runner-gone", { cause });
}

function isDisconnect(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ECONNRESET" || code === "ERR_STREAM_PREMATURE_CLOSE" || code === "EPIPE" || code === "ECONNREFUSED";
}
