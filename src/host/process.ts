import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import type { Readable } from "node:stream";
import { Problem } from "../api/problems.ts";
import { BoundedTail } from "../lib/bounded-tail.ts";

export interface ProcessExit {
  /** null when a signal ended it */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

export interface StartOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** As in node:child_process; stderr (index 2) must stay "pipe" for its tail to be kept. */
  stdio?: StdioOptions;
  /** Leaves the child running when this process ends; it then belongs to nobody but the ledger. */
  outliveParent?: boolean;
  uid?: number;
  gid?: number;
}

/** A child in its own process group, with a bounded tail of what it said on stderr. */
export interface Child {
  readonly argv: readonly string[];
  readonly pid: number;
  readonly process: ChildProcess;
  readonly exited: Promise<ProcessExit>;
  /** Last 16 KiB of stderr. */
  stderrTail(): string;
  /** TERM to the group, then KILL after `graceMs`; resolves when the child has gone. Safe to repeat. */
  stop(graceMs?: number): Promise<ProcessExit>;
}

/**
 * Starts a program from an argument array (no shell) in a process group of its own.
 *
 * Resolves once the program is running; rejects with `host/tool-missing` when it does not exist. The caller owns
 * the child and must stop it, normally through a Scope.
 */
export async function startChild(argv: readonly string[], options: StartOptions = {}): Promise<Child> {
  const [program, ...args] = argv;
  if (program === undefined) throw new Error("empty argument array");
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: withSystemPrograms(options.env ?? process.env),
    stdio: options.stdio ?? ["ignore", "pipe", "pipe"],
    detached: true,
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  const tail = new BoundedTail(16 * 1024);
  child.stderr?.on("data", chunk => tail.append(chunk));
  const exited = new Promise<ProcessExit>(resolve => {
    child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", () => resolve());
    child.once("error", cause => reject(startFailure(program, cause)));
  });
  child.on("error", () => {
    // A kill that fails after the process has gone; `exited` tells the story.
  });
  const pid = child.pid as number;
  if (options.outliveParent) child.unref();
  let gone = false;
  void exited.then(() => (gone = true));
  return {
    argv,
    pid,
    process: child,
    exited,
    stderrTail: () => tail.toString(),
    async stop(graceMs = 5000) {
      if (gone) return exited;
      signalGroup(pid, "SIGTERM");
      const timer = setTimeout(() => !gone && signalGroup(pid, "SIGKILL"), graceMs);
      try {
        return await exited;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

export interface RunOptions extends StartOptions {
  input?: string | Uint8Array;
  signal?: AbortSignal;
  /** Default 60 000. */
  timeoutMs?: number;
  /** stdout beyond this is a failure. Default 16 MiB. */
  maxOutputBytes?: number;
  /** Return a failed exit instead of throwing. */
  allowFailure?: boolean;
}

export interface RunResult extends ProcessExit {
  stdout: string;
  stderr: string;
}

/**
 * Runs a program to its end and returns its output.
 *
 * Rejects with `host/command-failed` (command, exit code or signal, stderr tail, whether it timed out) unless
 * `allowFailure`. On abort or timeout its whole process group is ended before this rejects.
 */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const child = await startChild(argv, {
    ...options,
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
  const { stdout: out, stdin, stderr } = child.process;
  const chunks: Buffer[] = [];
  let size = 0;
  let problem: string | undefined;
  const end = (why: string) => {
    problem ??= why;
    void child.stop(2000);
  };
  out?.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > (options.maxOutputBytes ?? 16 * 1024 * 1024)) end("printed too much");
    else chunks.push(chunk);
  });
  const timeoutMs = options.timeoutMs ?? 60_000;
  const timer = setTimeout(() => end(`did not finish within ${timeoutMs / 1000} s`), timeoutMs);
  const onAbort = () => end("was cancelled");
  options.signal?.addEventListener("abort", onAbort, { once: true });
  if (stdin) {
    stdin.on("error", () => {
      // EPIPE: the program ended without reading everything; its exit code says whether that matters.
    });
    stdin.end(options.input);
  }
  try {
    const closed = Promise.all([streamEnd(out), streamEnd(stderr)]);
    const exit = await child.exited;
    // A grandchild may hold the pipes open; what the program itself printed has arrived by then.
    await Promise.race([closed, new Promise(resolve => setTimeout(resolve, 500).unref())]);
    const result = { ...exit, stdout: Buffer.concat(chunks).toString(), stderr: child.stderrTail() };
    options.signal?.throwIfAborted();
    if (problem === undefined && (exit.exitCode === 0 || options.allowFailure)) return result;
    throw commandFailure(argv, result, problem);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
  }
}

/** Ordinary users of Debian have no sbin in their PATH, but may run most of what lies there. */
function withSystemPrograms(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const path = (env.PATH ?? "/usr/local/bin:/usr/bin:/bin").split(":");
  const missing = ["/usr/sbin", "/sbin"].filter(directory => !path.includes(directory));
  return missing.length === 0 ? env : { ...env, PATH: [...path, ...missing].join(":") };
}

/** Signals a whole process group; a group that has gone already is not an error. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function streamEnd(stream: Readable | null): Promise<void> {
  if (!stream || stream.readableEnded || stream.destroyed) return Promise.resolve();
  return new Promise(resolve => stream.once("close", () => resolve()));
}

function startFailure(program: string, cause: Error): Problem {
  const missing = "code" in cause && cause.code === "ENOENT";
  return new Problem(missing ? "host/tool-missing" : "host/command-failed", {
    message: missing
      ? `"${program}" is not installed or not in PATH`
      : `"${program}" could not be started: ${cause.message}`,
    cause,
  });
}

function commandFailure(argv: readonly string[], result: RunResult, problem: string | undefined): Problem {
  const how = problem ?? (result.signal ? `was ended by ${result.signal}` : `failed with exit code ${result.exitCode}`);
  const said = result.stderr.trim().split("\n").slice(-8);
  return new Problem("host/command-failed", {
    message: `"${argv[0]}" ${how}${said[0] ? `: ${said.at(-1)}` : ""}`,
    details: [{ command: argv.join(" ").slice(0, 2000), exitCode: result.exitCode, signal: result.signal }, ...said],
  });
}
