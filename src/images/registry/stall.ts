import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";

/** When a connection is taken for dead. */
export interface Patience {
  /** No byte for so long. */
  idleMs: number;
  /** No whole header after so long, counted from when there is a connection to make or to use. */
  answerMs: number;
  /** Fewer than `minWindowBytes` in so long. */
  windowMs: number;
  minWindowBytes: number;
}

/** A kilobyte a second: with less, no image would ever be here. */
export const defaultPatience: Patience = {
  idleMs: 30_000,
  answerMs: 60_000,
  windowMs: 60_000,
  minWindowBytes: 60_000,
};

/** The peer or the way to it failed; whatever it was may pass by itself. */
export class TransportError extends Error {
  override readonly name = "TransportError";
}

/**
 * Ends an exchange whose peer falls silent or sends next to nothing: with a TransportError of the request before there
 * is an answer, of the answer's body afterwards. The request must have `idleMs` as its timeout, which holds for making
 * the connection too. Costs nothing for each chunk: the socket counts by itself.
 */
export function endWhenStalled(outgoing: ClientRequest, host: string, patience: Patience): void {
  const { idleMs, answerMs, windowMs, minWindowBytes } = patience;
  let socket: Socket | undefined;
  let body: IncomingMessage | undefined;
  let timer: NodeJS.Timeout | undefined;
  let seenBytes = 0;
  // A request that ends after its answer began would tell the body no more than "aborted".
  const end = (why: string) => void (body ?? outgoing).destroy(new TransportError(`${host}: ${why}`));
  // What has come and lies unread is no delay of the peer.
  const isReaderBehind = () => body !== undefined && body.readableLength > 0;
  const stopTimer = () => clearTimeout(timer);

  outgoing.on("timeout", () => {
    if (!isReaderBehind()) end(`no data for ${idleMs / 1000} s`);
  });
  // A request that waits for its turn has no socket yet.
  outgoing.once("socket", found => {
    socket = found;
    timer = setTimeout(() => end(`no answer within ${answerMs / 1000} s`), answerMs).unref();
  });
  outgoing.once("response", answer => {
    stopTimer();
    body = answer;
    seenBytes = socket?.bytesRead ?? 0;
    timer = setInterval(() => {
      const nowBytes = socket?.bytesRead ?? 0;
      const received = nowBytes - seenBytes;
      seenBytes = nowBytes;
      if (received < minWindowBytes && !isReaderBehind()) end(`only ${received} bytes in ${windowMs / 1000} s`);
    }, windowMs).unref();
  });
  outgoing.once("close", stopTimer);
}
