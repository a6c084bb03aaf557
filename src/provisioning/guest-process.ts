import type { Readable, Writable } from "node:stream";
import type { ClientChannel } from "ssh2";
import { Problem } from "../api/problems.ts";

export interface GuestExit {
  /** null when a signal ended it */
  exitCode: number | null;
  /** "SIGTERM", …; null when it exited by itself */
  signal: string | null;
}

export interface PtySize {
  cols: number;
  rows: number;
}

/**
 * A command or shell running in a guest. Both outputs must be read (or resumed): they share one window.
 * With a pty everything arrives on stdout.
 */
export interface GuestProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * The exit as the guest told it, perhaps before the last output has been read. Rejects with
   * `provisioning/connection-lost` when the connection ended first: then nobody knows how the command ended.
   */
  readonly exited: Promise<GuestExit>;
  /** Resolves when nothing more will arrive and all of it has been read. Never rejects. */
  readonly closed: Promise<void>;
  resize(size: PtySize): void;
  /** Name without "SIG". A server that does not support signals ignores it. */
  signal(name: string): void;
  /** Lets go of the command: its pipes are closed, a pty hangs up. Safe to repeat. */
  close(): void;
}

/** ssh2 grants 2 MiB of window, renewed at half: an honest peer never has more than this unread. */
const honestBacklogBytes = 4 * 1024 * 1024 + 64 * 1024;

export interface GuestProcessOwner {
  machine: string;
  /** Resolves when the whole connection has ended. */
  connectionClosed: Promise<unknown>;
  /** Called when the guest sends more than it was allowed to. */
  flooded: () => void;
}

/** Wraps an ssh2 session channel. */
export function guestProcess(stream: ClientChannel, owner: GuestProcessOwner): GuestProcess {
  const { machine, flooded } = owner;
  limitBacklog(stream, flooded);
  limitBacklog(stream.stderr, flooded);
  const { stderr } = stream;
  const exit = Promise.withResolvers<GuestExit>();
  exit.promise.catch(() => {
    // Callers that only pump bytes learn of the loss through `closed`.
  });
  stream.on("exit", (code: number | null, signal?: string) => {
    exit.resolve({ exitCode: code, signal: signal ?? null });
  });
  stream.on("error", () => {
    // A write after the end of the channel; `exited` and `closed` tell the story.
  });
  const streamClosed = new Promise<void>(resolve => stream.once("close", () => resolve()));
  const stderrClosed = new Promise<void>(resolve => stderr.once("close", () => resolve()));
  // The stream closes only when its output has been read; a reader that waits must learn of the loss all the same.
  void Promise.race([streamClosed, owner.connectionClosed]).then(() => {
    exit.reject(
      new Problem("provisioning/connection-lost", {
        message: `the connection to "${machine}" ended before the command did`,
        where: { machine, step: "channel" },
      }),
    );
  });
  let released = false;
  return {
    stdin: stream,
    stdout: stream,
    stderr,
    exited: exit.promise,
    closed: Promise.all([streamClosed, stderrClosed]).then(() => undefined),
    resize: ({ cols, rows }) => stream.setWindow(rows, cols, 0, 0),
    signal: name => stream.signal(name),
    close() {
      if (released) return;
      released = true;
      // What is still in flight is not wanted, but must be read for "close" to come.
      stream.resume();
      stderr.resume();
      stream.destroy();
    },
  };
}

/**
 * ssh2 does not enforce the window it grants, so a hostile server could fill our memory while we do not read.
 */
export function limitBacklog(readable: Readable, flooded: () => void): void {
  const push = readable.push.bind(readable);
  readable.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (chunk !== null && readable.readableLength > honestBacklogBytes) {
      flooded();
      return false;
    }
    return push(chunk, encoding);
  };
}
