import type { Call } from "./client-transport.ts";
import type { ConnMessage, ConnReply } from "./contract/conns.ts";
import { Problem } from "./problems.ts";

export interface WatchOptions {
  signal: AbortSignal;
  /** Told whenever the stream is established or lost, e.g. to show "reconnecting". */
  onConnection?: (connected: boolean) => void;
}

/** The server repeats its snapshot every 5 s: silence of this length means that the connection is dead. */
const silenceMs = 20_000;
const maxQueuedMessages = 1000;

/**
 * Everything that happens to a play, beginning with its present state. A lost connection is dialled again (every
 * connection starts with a full snapshot, so nothing is missed) until `signal` aborts, which ends the iteration.
 * Throws a Problem when the server refuses: unknown play, no permission, not logged in.
 */
export async function* watchPlay(call: Call, playId: string, options: WatchOptions): AsyncGenerator<ConnMessage> {
  let delayMs = 500;
  while (!options.signal.aborted) {
    try {
      const { url } = await call<ConnReply>("POST", `/plays/${playId}/conns`, { signal: options.signal });
      for await (const message of readSocket(url, options)) {
        delayMs = 500;
        yield message;
      }
    } catch (error) {
      if (options.signal.aborted) return;
      if (error instanceof Problem && error.spec.status < 500) throw error;
    }
    await pause(delayMs, options.signal);
    delayMs = Math.min(delayMs * 2, 5000);
  }
}

async function* readSocket(url: string, { signal, onConnection }: WatchOptions): AsyncGenerator<ConnMessage> {
  const socket = new WebSocket(url);
  const queue: ConnMessage[] = [];
  let ended = false;
  let opened = false;
  let wake = () => {};
  let silence: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    ended = true;
    wake();
  };
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(end, silenceMs);
  };
  socket.addEventListener("open", () => {
    opened = true;
    onConnection?.(true);
  });
  socket.addEventListener("message", event => {
    heard();
    // States are complete, so when the reader is slow the oldest ones are the ones nobody misses.
    if (queue.length >= maxQueuedMessages) queue.shift();
    queue.push(JSON.parse(String(event.data)) as ConnMessage);
    wake();
  });
  socket.addEventListener("close", end);
  socket.addEventListener("error", end);
  signal.addEventListener("abort", end, { once: true });
  heard();
  try {
    while (!signal.aborted) {
      const message = queue.shift();
      if (message !== undefined) yield message;
      else if (ended) return;
      else await new Promise<void>(resolve => (wake = resolve));
    }
  } finally {
    clearTimeout(silence);
    signal.removeEventListener("abort", end);
    socket.close();
    if (opened) onConnection?.(false);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}
