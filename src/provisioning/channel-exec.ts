import { Problem } from "../api/problems.ts";
import type { GuestExit, GuestProcess } from "./guest-process.ts";

export interface ExecOptions {
  stdin?: string | Uint8Array;
  signal?: AbortSignal;
  /** Default 60 000. */
  timeoutMs?: number;
  /** More on either output ends the command and fails. Default 1 MiB. */
  maxOutputBytes?: number;
}

export interface ExecResult extends GuestExit {
  stdout: string;
  stderr: string;
}

/** A background child may keep the pipes open after the command has ended; what it printed has arrived by then. */
const lingerMs = 1000;

/**
 * Reads a started command to its end. A failing exit code is a result, not an error.
 *
 * Rejects with `provisioning/command-timeout`, `output-too-large` or `connection-lost`, or with the signal's reason;
 * the command has then lost its pipes and is killed if the guest's sshd can signal it (it does not for root).
 */
export async function collect(
  process: GuestProcess,
  command: string,
  options: ExecOptions & { machine: string },
): Promise<ExecResult> {
  const { timeoutMs = 60_000, maxOutputBytes = 1024 * 1024, machine, signal } = options;
  const shown = command.length > 200 ? `${command.slice(0, 200)}…` : command;
  const where = { machine, step: "command" };
  const failed = Promise.withResolvers<never>();
  const tooLarge = () =>
    failed.reject(
      new Problem("provisioning/output-too-large", {
        message: `"${shown}" on "${machine}" printed more than ${maxOutputBytes} bytes`,
        where,
      }),
    );
  const stdout = gather(process.stdout, maxOutputBytes, tooLarge);
  const stderr = gather(process.stderr, maxOutputBytes, tooLarge);
  const timer = setTimeout(() => {
    failed.reject(
      new Problem("provisioning/command-timeout", {
        message: `"${shown}" on "${machine}" did not finish within ${timeoutMs / 1000} s`,
        where,
      }),
    );
  }, timeoutMs);
  const onAbort = () => failed.reject(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  try {
    process.stdin.end(options.stdin);
    const exit = await Promise.race([process.exited, failed.promise]);
    let linger: NodeJS.Timeout | undefined;
    await Promise.race([
      process.closed,
      failed.promise,
      new Promise<void>(resolve => (linger = setTimeout(resolve, lingerMs))),
    ]);
    clearTimeout(linger);
    return { ...exit, stdout: stdout(), stderr: stderr() };
  } catch (error) {
    process.signal("KILL");
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    process.close();
    failed.promise.catch(() => {
      // Too late to matter: the result is known.
    });
  }
}

function gather(readable: NodeJS.ReadableStream, limitBytes: number, tooLarge: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  readable.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > limitBytes) tooLarge();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString();
}
