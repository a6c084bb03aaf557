import { setTimeout as sleep } from "node:timers/promises";
import { type Child, startChild } from "./process.ts";

export interface Supervised {
  /** Process id of the current instance. */
  readonly pid: number;
  /** What the current instance said last. */
  lastLines(): string[];
  /** Resolves with the last lines when it has ended too often; never rejects, and never resolves after `stop`. */
  readonly gaveUp: Promise<string[]>;
  stop(): Promise<void>;
}

interface Limits {
  /** Restarts allowed within `windowMs`. */
  restartsMax: number;
  windowMs: number;
  pauseMs: number;
}

const usual: Limits = { restartsMax: 5, windowMs: 60_000, pauseMs: 100 };

/**
 * Keeps one program running. When it ends by itself it is started again after a pause that doubles with each restart
 * of the last minute; with too many of them it stays down and `gaveUp` tells why.
 */
export async function supervise(argv: readonly string[], limits: Limits = usual): Promise<Supervised> {
  const stopping = new AbortController();
  const gaveUp = Promise.withResolvers<string[]>();
  let child = await startSilent(argv);
  const watch = async (): Promise<void> => {
    let restarts: number[] = [];
    for (;;) {
      await child.exited;
      if (stopping.signal.aborted) return;
      restarts = restarts.filter(at => at > Date.now() - limits.windowMs);
      if (restarts.length >= limits.restartsMax) return gaveUp.resolve(linesOf(child));
      await sleep(limits.pauseMs * 2 ** restarts.length, undefined, { signal: stopping.signal });
      restarts.push(Date.now());
      child = await startSilent(argv);
      // It may have been asked to stop while the new one was starting.
      if (stopping.signal.aborted) await child.stop();
    }
  };
  const watching = watch().catch(error => {
    if (!stopping.signal.aborted) gaveUp.resolve([String(error)]);
  });
  return {
    get pid() {
      return child.pid;
    },
    lastLines: () => linesOf(child),
    gaveUp: gaveUp.promise,
    async stop() {
      stopping.abort();
      await child.stop();
      await watching;
    },
  };
}

/** Nothing is expected on stdout; left as a pipe nobody reads it would one day stop the program. */
const startSilent = (argv: readonly string[]) => startChild(argv, { stdio: ["ignore", "ignore", "pipe"] });

const linesOf = (child: Child) => child.stderrTail().trim().split("\n").slice(-8);
