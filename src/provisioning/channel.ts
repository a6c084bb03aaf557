import type { Socket } from "node:net";
import type { Client, ClientChannel, ExecOptions as SshExecOptions, SFTPWrapper } from "ssh2";
import { Problem } from "../api/problems.ts";
import { collect, type ExecOptions, type ExecResult } from "./channel-exec.ts";
import { type FileOptions, readGuestFile, type WriteFileOptions, writeGuestFile } from "./channel-files.ts";
import { type GuestProcess, guestProcess, type PtySize } from "./guest-process.ts";
import { type ConnectOptions, connectSsh, type SshConnection } from "./ssh-connect.ts";

const openTimeoutMs = 30_000;
const closeTimeoutMs = 2000;

/** One authenticated ssh connection to a machine as one user, carrying any number of commands, shells and files. */
export class Channel implements AsyncDisposable {
  readonly machine: string;
  readonly username: string;
  /** Resolves with the reason when the connection has ended. Never rejects. */
  readonly closed: Promise<string>;
  readonly #client: Client;
  readonly #socket: Socket;
  #open = true;
  #sessions = 0;
  #sftp: Promise<SFTPWrapper> | undefined;

  constructor({ client, socket }: SshConnection, machine: string, username: string) {
    this.#client = client;
    this.#socket = socket;
    this.machine = machine;
    this.username = username;
    this.closed = new Promise(resolve => {
      let reason = "the connection was closed";
      client.on("error", error => {
        reason = error.message;
        // ssh2 leaves the socket half open after protocol errors.
        socket.destroy();
      });
      client.once("close", () => {
        this.#open = false;
        resolve(reason);
      });
    });
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Commands, shells and transfers under way. */
  get sessionCount(): number {
    return this.#sessions;
  }

  /** Runs a command to its end through the user's login shell and returns its output; see `ExecOptions` for bounds. */
  async exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    return collect(await this.execStream(command, { ...(options.signal && { signal: options.signal }) }), command, {
      ...options,
      machine: this.machine,
    });
  }

  /** Starts a command and hands over its streams. The caller closes it. */
  execStream(command: string, options: { pty?: PtySize; signal?: AbortSignal } = {}): Promise<GuestProcess> {
    const sshOptions: SshExecOptions = options.pty === undefined ? {} : { pty: terminal(options.pty) };
    return this.#session(done => this.#client.exec(command, sshOptions, done), options.signal);
  }

  /** The user's login shell on a pty. The caller closes it. */
  shell(pty: PtySize, options: { signal?: AbortSignal } = {}): Promise<GuestProcess> {
    return this.#session(done => this.#client.shell(terminal(pty), done), options.signal);
  }

  /** The whole content of a regular file; refuses more than `maxBytes` (default 1 MiB). */
  async readFile(path: string, options: FileOptions = {}): Promise<Buffer> {
    return readGuestFile(await this.#files(), path, { ...options, machine: this.machine });
  }

  /** Replaces a file: readers see the old or the new one. Leaves nothing behind when it fails. */
  async writeFile(path: string, content: string | Uint8Array, options: WriteFileOptions = {}): Promise<void> {
    await writeGuestFile(await this.#files(), path, content, { ...options, machine: this.machine });
  }

  /** Ends the connection and everything on it; safe to repeat. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#client.end();
    const timer = setTimeout(() => this.#socket.destroy(), closeTimeoutMs);
    await this.closed;
    clearTimeout(timer);
  }

  async #session(
    open: (done: (error: Error | undefined, stream: ClientChannel) => void) => void,
    signal: AbortSignal | undefined,
  ): Promise<GuestProcess> {
    const stream = await this.#opened<ClientChannel>(open, late => late.destroy(), signal);
    const process = guestProcess(stream, {
      machine: this.machine,
      connectionClosed: this.closed,
      flooded: () => this.#socket.destroy(),
    });
    this.#sessions++;
    void process.closed.then(() => this.#sessions--);
    return process;
  }

  #files(): Promise<SFTPWrapper> {
    this.#sftp ??= this.#opened<SFTPWrapper>(
      done => this.#client.sftp(done),
      late => late.end(),
      undefined,
    ).then(
      sftp => {
        sftp.once("close", () => (this.#sftp = undefined));
        return sftp;
      },
      error => {
        this.#sftp = undefined;
        throw error;
      },
    );
    return this.#sftp;
  }

  /** Bounds the opening of a session; a session that opens after its caller gave up is closed on the spot. */
  #opened<T>(
    open: (done: (error: Error | undefined, value: T) => void) => void,
    release: (value: T) => void,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      let settled = false;
      const fail = (error: unknown) => {
        settled = true;
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        reject(error);
      };
      const onAbort = () => fail(signal?.reason);
      const timer = setTimeout(
        () => fail(this.#problem("provisioning/session-refused", "did not answer")),
        openTimeoutMs,
      );
      if (signal?.aborted) return onAbort();
      signal?.addEventListener("abort", onAbort, { once: true });
      const done = (error: Error | undefined, value: T) => {
        if (settled) {
          if (!error) release(value);
          return;
        }
        // `closed` follows an error of the connection by a few turns; the message of ssh2 tells the two apart.
        if (error) {
          const code = this.#open ? "provisioning/session-refused" : "provisioning/connection-lost";
          return fail(this.#problem(code, error.message));
        }
        settled = true;
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        resolve(value);
      };
      try {
        open(done);
      } catch (error) {
        // ssh2 throws "Not connected" at once when the connection has ended.
        fail(this.#problem("provisioning/connection-lost", (error as Error).message));
      }
    });
  }

  #problem(code: "provisioning/session-refused" | "provisioning/connection-lost", reason: string): Problem {
    const what = code === "provisioning/session-refused" ? "did not open a session" : "is not connected any more";
    return new Problem(code, {
      message: `"${this.machine}" ${what} for "${this.username}" (${reason})`,
      where: { machine: this.machine, step: "channel" },
    });
  }
}

/**
 * Waits until the machine's platform sshd answers, then returns a live channel.
 *
 * Rejects with `provisioning/channel-timeout`, `channel-refused` or `host-key-mismatch`, nothing left open.
 */
export async function openChannel(options: ConnectOptions): Promise<Channel> {
  return new Channel(await connectSsh(options), options.machine, options.username);
}

const terminal = ({ cols, rows }: PtySize) => ({ term: "xterm-256color", cols, rows, width: 0, height: 0 });
