import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { Problem } from "../api/problems.ts";
import type { Channel } from "./channel.ts";
import type { WaitOptions } from "./channel-keeper.ts";
import type { GuestProcess } from "./guest-process.ts";
import { shellCommand, shellQuote } from "./shell-quote.ts";
import { TaskOutput } from "./task-output.ts";

export interface TaskAttempt {
  name: string;
  machine: string;
  user: string;
  labUser: string;
  script: string;
  /** As it counts on this host: the manifest's value times the host factor. */
  timeoutSeconds: number;
  /** Directory in the guest, on a file system that a reboot empties. */
  directory: string;
}

export interface TaskOutcome {
  /** undefined when nobody knows it */
  exitCode?: number;
  /** Why it failed, where the exit code does not say. */
  message?: string;
}

export interface AttemptContext {
  /** A live channel as root; waits for the machine if need be. */
  channel(machine: string, options: WaitOptions): Promise<Channel>;
  output(stream: "stdout" | "stderr", chunk: Buffer): void;
  signal: AbortSignal;
}

/** After the task's own limit: TERM and KILL, slow hosts, one reconnection. */
const graceMs = 90_000;
const markWaitMs = 5000;
const installs = new WeakMap<Channel, Promise<void>>();

/**
 * Runs a task once and returns how it ended, over as many connections as it takes.
 *
 * The supervisor in the guest owns the process and its exit code; a connection only watches. Rejects when the signal
 * aborts; the task is then left to itself (its machine is about to stop).
 */
export async function runAttempt(attempt: TaskAttempt, context: AttemptContext): Promise<TaskOutcome> {
  const deadline = performance.now() + attempt.timeoutSeconds * 1000 + graceMs;
  const nonce = randomBytes(8).toString("hex");
  // Of what the guest kept while nobody listened.
  const known = { stdout: 0, stderr: 0 };
  let begun = false;
  let reason = "";
  for (let tries = 0; ; tries++) {
    const deadlineMs = deadline - performance.now();
    if (deadlineMs <= 0) {
      return { message: `the machine did not tell how the task ended${reason === "" ? "" : ` (${reason})`}` };
    }
    try {
      const channel = await context.channel(attempt.machine, { signal: context.signal, deadlineMs });
      await install(channel, attempt.directory, context.signal);
      const watched = await watch(channel, attempt, nonce, begun ? known : undefined, context);
      begun ||= watched.begun;
      if (watched.outcome !== undefined) return watched.outcome;
      reason = watched.reason;
      // A supervisor that cannot start (a full disk, no setsid) does not start by being asked for ever.
      if (!begun && watched.exited && tries >= 2) return { message: `the task could not be started: ${reason}` };
    } catch (error) {
      context.signal.throwIfAborted();
      reason = Problem.from(error).message;
    }
    if (begun)
      context.output("stderr", Buffer.from("\nlabyard: the connection was lost, some output may be missing\n"));
    await delay(250, undefined, { signal: context.signal });
  }
}

/** Puts the supervisor and the helper functions into the guest, once per connection: a reboot removes them. */
function install(channel: Channel, directory: string, signal: AbortSignal): Promise<void> {
  const known = installs.get(channel);
  if (known !== undefined) return known;
  const work = (async () => {
    // Tasks of any user read the helpers, hence the search permission on the way there.
    const prepare = `mkdir -p -m 711 "$1" && chmod a+x "$1" "$1/.."`;
    const put = `${prepare} && umask 022 && cat >"$1/$2.$$" && mv "$1/$2.$$" "$1/$2"`;
    for (const name of ["task-supervisor.sh", "task-helpers.sh"]) {
      const stdin = await readFile(new URL(name, import.meta.url));
      const { exitCode, stderr } = await channel.exec(shellCommand(["/bin/sh", "-c", put, "sh", directory, name]), {
        stdin,
        signal,
      });
      if (exitCode !== 0) {
        throw new Problem("provisioning/file-failed", {
          message: `"${directory}/${name}" on "${channel.machine}" could not be written: ${stderr.trim().slice(-500)}`,
          where: { machine: channel.machine, step: "tasks" },
        });
      }
    }
  })();
  installs.set(channel, work);
  work.catch(() => installs.delete(channel));
  return work;
}

interface Watched {
  begun: boolean;
  outcome?: TaskOutcome;
  /** The supervisor's front ended by itself, without a result. */
  exited: boolean;
  reason: string;
}

/** Starts the attempt or, when it is known to have begun, watches it until it ends or the connection does. */
async function watch(
  channel: Channel,
  attempt: TaskAttempt,
  nonce: string,
  known: { stdout: number; stderr: number } | undefined,
  context: AttemptContext,
): Promise<Watched> {
  const { directory, name, timeoutSeconds, user, labUser } = attempt;
  const script = Buffer.from(attempt.script);
  const action = known === undefined ? "start" : "attach";
  const details =
    known === undefined
      ? [script.length, timeoutSeconds, user, labUser, `${directory}/task-helpers.sh`]
      : [known.stdout, known.stderr];
  const own = `${directory}/${name}/${nonce}`;
  const command = ["/bin/sh", `${directory}/task-supervisor.sh`, action, own, nonce, ...details.map(String)];
  const process = await channel.execStream(`exec ${shellCommand(command)}`, { signal: context.signal });
  try {
    // stdin stays open: its end tells the supervisor that nobody listens any more.
    if (known === undefined) process.stdin.write(script);
    return await follow(process, nonce, attempt, {
      ...context,
      output: (stream, chunk) => {
        if (known !== undefined) known[stream] += chunk.length;
        context.output(stream, chunk);
      },
    });
  } finally {
    process.close();
  }
}

async function follow(
  process: GuestProcess,
  nonce: string,
  attempt: TaskAttempt,
  context: AttemptContext,
): Promise<Watched> {
  const settled = Promise.withResolvers<void>();
  let noise = "";
  const streams = (["stdout", "stderr"] as const).map(stream => {
    const output = new TaskOutput(nonce, chunk => context.output(stream, chunk));
    process[stream].on("data", (chunk: Buffer) => {
      if (!output.hasStarted && stream === "stderr") noise = (noise + String(chunk)).slice(-500);
      output.push(chunk);
      if (streams.every(({ end }) => end !== undefined)) settled.resolve();
    });
    return output;
  });
  let exited = false;
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => settled.reject(context.signal.reason);
  context.signal.addEventListener("abort", onAbort, { once: true });
  process.exited.then(
    () => {
      exited = true;
      // The marks pass through a relay and may be a moment behind the exit status.
      timer = setTimeout(settled.resolve, markWaitMs);
    },
    () => settled.resolve(),
  );
  void process.closed.then(() => settled.resolve());
  try {
    context.signal.throwIfAborted();
    await settled.promise;
  } finally {
    clearTimeout(timer);
    context.signal.removeEventListener("abort", onAbort);
  }
  const end = streams.map(stream => stream.end).find(value => value !== undefined);
  return {
    begun: streams.some(stream => stream.hasStarted),
    exited,
    reason: noise.trim() || (exited ? "the task's supervisor ended without a result" : "the connection was lost"),
    ...(end === undefined ? {} : { outcome: outcome(end, attempt) }),
  };
}

function outcome(end: string, attempt: TaskAttempt): TaskOutcome {
  const [code, word] = end.split(" ");
  if (word === "rebooted") return { message: "the machine rebooted while the task was running" };
  if (word === "vanished") return { message: "the task's supervisor was killed inside the machine" };
  const exitCode = Number(code);
  if (!Number.isInteger(exitCode)) return { message: `the task ended with "${end.slice(0, 50)}"` };
  if (word === "timeout") return { exitCode, message: `did not finish within ${attempt.timeoutSeconds} s` };
  if (word === "no-user") {
    return { exitCode, message: `user ${shellQuote(attempt.user)} cannot run tasks on "${attempt.machine}"` };
  }
  return { exitCode };
}
