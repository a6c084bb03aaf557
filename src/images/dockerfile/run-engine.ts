import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { Problem } from "../../api/problems.ts";
import { startChild } from "../../host/process.ts";

const buildTimeoutMs = 2 * 3_600_000;
const keptLines = 15;

export interface EngineRun {
  env: NodeJS.ProcessEnv;
  onLine: (line: string) => void;
  /** Whoever meets the failure has just read these lines: it does not repeat the last ones. */
  areLinesShown?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Runs an engine and passes on every line it says. Rejects with `image/build-failed` and its last lines, unless they
 * are shown already.
 */
export async function runEngine(argv: readonly string[], what: string, options: EngineRun): Promise<void> {
  options.signal?.throwIfAborted();
  const child = await startChild(argv, { env: options.env, stdio: ["ignore", "pipe", "pipe"] });
  const last: string[] = [];
  const closed = [child.process.stdout, child.process.stderr].map(stream => {
    const lines = createInterface({ input: stream as Readable });
    lines.on("line", line => {
      last.push(line);
      if (last.length > keptLines) last.shift();
      options.onLine(line);
    });
    return new Promise(resolve => lines.once("close", resolve));
  });
  let ended: string | undefined;
  const stop = (why: string) => {
    ended ??= why;
    void child.stop(10_000);
  };
  const onAbort = () => stop("was cancelled");
  options.signal?.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => stop(`did not finish within ${buildTimeoutMs / 60_000} minutes`), buildTimeoutMs);
  try {
    const { exitCode, signal } = await child.exited;
    await Promise.race([Promise.all(closed), new Promise(resolve => setTimeout(resolve, 500).unref())]);
    options.signal?.throwIfAborted();
    if (exitCode === 0 && ended === undefined) return;
    throw new Problem("image/build-failed", {
      message: `${what}: ${argv[0]} ${ended ?? `ended with ${signal ?? exitCode}`}`,
      details: options.areLinesShown === true ? [] : last,
    });
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
    await child.stop(10_000);
  }
}
