import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import type { LabctlContext } from "./context.ts";
import { runLabctl } from "./program.ts";
import type { RealClient } from "./real-client.ts";

export interface LabctlResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  stdin?: string;
  /** A home of its own, without the login of the others. */
  home?: string;
  env?: Record<string, string>;
  timeoutMs?: number;
}

export interface BackgroundLabctl {
  stdout(): string;
  stderr(): string;
  readonly ended: Promise<LabctlResult>;
  /** Ctrl-C; resolves when it has ended. */
  stop(): Promise<LabctlResult>;
}

/** The client under test: the real binary, or ours of the same words. */
export interface Labctl {
  readonly name: string;
  run(args: readonly string[], options?: RunOptions): Promise<LabctlResult>;
  start(args: readonly string[], options?: RunOptions): BackgroundLabctl;
}

interface Place {
  home: string;
  /** PEM that the client trusts, besides nothing else. */
  caFile: string | undefined;
}

/** Ours, in this process. */
export function typescriptLabctl(place: Place, { secondMs = 1000 } = {}): Labctl {
  return client("byte-level client", (args, options, sinks, stop) => {
    const run = async () => {
      const context: LabctlContext = {
        home: options.home ?? place.home,
        env: options.env ?? {},
        ca: place.caFile === undefined ? undefined : await readFile(place.caFile, "utf8"),
        stdin: options.stdin ?? "",
        ...sinks,
        signal: stop,
        secondMs,
      };
      return runLabctl(context, args);
    };
    return run();
  });
}

/** The installed program. */
export function realLabctl({ binary, version }: RealClient, place: Place): Labctl {
  return client(`labctl ${version}`, async (args, options, sinks, stop) => {
    const child: ChildProcess = spawn(binary, args, {
      env: {
        PATH: process.env.PATH,
        HOME: options.home ?? place.home,
        ...(place.caFile === undefined ? {} : { SSL_CERT_FILE: place.caFile }),
        ...options.env,
      },
    });
    stop.addEventListener("abort", () => child.kill("SIGINT"), { once: true });
    child.stdout?.on("data", chunk => sinks.out(String(chunk)));
    child.stderr?.on("data", chunk => sinks.err(String(chunk)));
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.stdin ?? "");
    return new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", code => resolve(code ?? 255));
    });
  });
}

const defaultTimeoutMs = 60_000;
const maxOutputLength = 4 * 1024 * 1024;

function client(
  name: string,
  execute: (
    args: readonly string[],
    options: RunOptions,
    sinks: Pick<LabctlContext, "out" | "err">,
    stop: AbortSignal,
  ) => Promise<number>,
): Labctl {
  const start = (args: readonly string[], options: RunOptions = {}): BackgroundLabctl => {
    const stop = new AbortController();
    let stdout = "";
    let stderr = "";
    const sinks = {
      out: (text: string) => void (stdout = (stdout + text).slice(-maxOutputLength)),
      err: (text: string) => void (stderr = (stderr + text).slice(-maxOutputLength)),
    };
    const ended = execute(args, options, sinks, stop.signal).then(exitCode => ({ exitCode, stdout, stderr }));
    // Timers and sockets that a program takes with it when it ends; this also marks rejections as seen.
    const end = () => stop.abort();
    ended.then(end, end);
    return {
      stdout: () => stdout,
      stderr: () => stderr,
      ended,
      stop: () => {
        stop.abort();
        return ended;
      },
    };
  };
  return {
    name,
    start,
    async run(args, options = {}) {
      const running = start(args, options);
      const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
      const late = setTimeout(() => void running.stop(), timeoutMs);
      const result = await running.ended;
      clearTimeout(late);
      return result;
    },
  };
}
