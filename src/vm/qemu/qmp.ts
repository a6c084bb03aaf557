import type { Duplex } from "node:stream";

export interface QmpEvent {
  event: string;
  data: Record<string, unknown>;
}

interface Pending {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** One reply or event. QEMU's largest answers to our commands are a few KiB. */
const lineBytesMax = 1024 * 1024;
const pendingMax = 64;

/**
 * QEMU's control protocol over a stream that both ends inherited, so no socket file exists.
 *
 * A guest that has taken over its QEMU controls what arrives here: lines are bounded, and anything that is not a
 * JSON object ends the connection. After that every command rejects.
 */
export class QmpClient {
  readonly #stream: Duplex;
  readonly #onEvent: (event: QmpEvent) => void;
  readonly #pending = new Map<number, Pending>();
  readonly #greeted = Promise.withResolvers<void>();
  #closed: Error | undefined;
  #rest = Buffer.alloc(0);
  #nextId = 1;

  private constructor(stream: Duplex, onEvent: (event: QmpEvent) => void) {
    this.#stream = stream;
    this.#onEvent = onEvent;
    stream.on("data", (chunk: Buffer) => this.#read(chunk));
    stream.on("error", cause => this.#close(new Error(`the control channel failed: ${cause.message}`, { cause })));
    stream.on("close", () => this.#close(new Error("the control channel closed")));
    // Whoever awaits the greeting hears of its failure; nobody may be awaiting yet.
    this.#greeted.promise.catch(() => undefined);
  }

  /** Waits for the greeting and leaves negotiation mode. Rejects when that does not happen in time. */
  static async connect(
    stream: Duplex,
    options: { onEvent: (event: QmpEvent) => void; timeoutMs: number; signal?: AbortSignal },
  ): Promise<QmpClient> {
    const client = new QmpClient(stream, options.onEvent);
    await bounded(client.#greeted.promise, "the greeting", options);
    await client.execute("qmp_capabilities", {}, options);
    return client;
  }

  /** Runs one command. A command that times out or is aborted may still take effect. */
  async execute(
    command: string,
    commandArguments: Record<string, unknown> = {},
    options: { timeoutMs?: number; signal?: AbortSignal } = {},
  ): Promise<unknown> {
    if (this.#closed) throw this.#closed;
    if (this.#pending.size >= pendingMax)
      throw new Error(`${pendingMax} commands are unanswered; "${command}" was not sent`);
    const id = this.#nextId++;
    const reply = Promise.withResolvers<unknown>();
    this.#pending.set(id, reply);
    this.#stream.write(`${JSON.stringify({ execute: command, arguments: commandArguments, id })}\n`);
    try {
      return await bounded(reply.promise, `"${command}"`, { timeoutMs: 10_000, ...options });
    } finally {
      this.#pending.delete(id);
    }
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (let end = this.#rest.indexOf(10); end >= 0 && !this.#closed; end = this.#rest.indexOf(10)) {
      const line = this.#rest.toString("utf8", 0, end);
      this.#rest = this.#rest.subarray(end + 1);
      if (line.trim() !== "") this.#take(line);
    }
    if (this.#rest.length > lineBytesMax) this.#refuse("sent a line without end");
  }

  #take(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      return this.#refuse("sent something that is not JSON");
    }
    if (typeof message !== "object" || message === null) return this.#refuse("sent something that is no object");
    if ("QMP" in message) return this.#greeted.resolve();
    if ("event" in message && typeof message.event === "string") {
      const data = "data" in message && typeof message.data === "object" ? message.data : undefined;
      return this.#onEvent({ event: message.event, data: { ...data } });
    }
    const pending = "id" in message && typeof message.id === "number" ? this.#pending.get(message.id) : undefined;
    if ("error" in message) pending?.reject(new Error(errorText(message.error)));
    else if ("return" in message) pending?.resolve(message.return);
  }

  #refuse(what: string): void {
    this.#close(new Error(`the other end of the control channel ${what}`));
    this.#stream.destroy();
  }

  #close(error: Error): void {
    if (this.#closed) return;
    this.#closed = error;
    this.#rest = Buffer.alloc(0);
    this.#greeted.reject(error);
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }
}

function errorText(error: unknown): string {
  return typeof error === "object" && error !== null && "desc" in error ? String(error.desc) : "unknown error";
}

async function bounded<T>(
  promise: Promise<T>,
  what: string,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
): Promise<T> {
  signal?.throwIfAborted();
  const ended = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => ended.reject(new Error(`${what} was not answered within ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  const onAbort = () => ended.reject(signal?.reason as Error);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, ended.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
