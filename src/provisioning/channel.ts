import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Client, ClientChannel, ExecOptions as SshExecOptions, SFTPWrapper } from "ssh2";
import { Problem } from "../api/problems.ts";
import { collect, type ExecOptions, type ExecResult } from "./channel-exec.ts";
import {
  type FileOptions,
  FileTimeout,
  makeGuestDirectory,
  readGuestFile,
  type WriteFileOptions,
  writeGuestFile,
} from "./channel-files.ts";
import { type ChannelListener, type IncomingConnection, openListener } from "./channel-listener.ts";
import { type GuestProcess, guestProcess, limitBacklog, type PtySize } from "./guest-process.ts";
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

  /**
   * What a command reads and writes, as one connection that ends with it; its stderr is not kept. The caller destroys
   * it. Rejects with `provisioning/session-refused`, `provisioning/connection-lost` or the signal's reason.
   */
  async execConnection(command: string, options: { signal?: AbortSignal } = {}): Promise<Duplex> {
    const stream = await this.#opened<ClientChannel>(
      done => this.#client.exec(command, done),
      late => late.destroy(),
      options.signal,
    );
    // They share one window.
    stream.stderr.resume();
    return this.#carry(stream);
  }

  /** The whole content of a regular file; refuses more than `maxBytes` (default 1 MiB). */
  async readFile(path: string, options: FileOptions = {}): Promise<Buffer> {
    return this.#withFiles(sftp => readGuestFile(sftp, path, { ...options, machine: this.machine }));
  }

  /** Replaces a file: readers see the old or the new one. Leaves nothing behind when it fails. */
  async writeFile(path: string, content: string | Uint8Array, options: WriteFileOptions = {}): Promise<void> {
    await this.#withFiles(sftp => writeGuestFile(sftp, path, content, { ...options, machine: this.machine }));
  }

  /** Makes a directory unless it is there. */
  async makeDirectory(path: string, mode: number): Promise<void> {
    await this.#withFiles(sftp => makeGuestDirectory(sftp, path, mode, { machine: this.machine }));
  }

  /**
   * A TCP connection that the guest itself opens: names mean what they mean there, and its loopback can be reached.
   * Rejects with `access/port-refused`, `provisioning/connection-lost` or the signal's reason.
   */
  async connect(host: string, port: number, options: { signal?: AbortSignal } = {}): Promise<Duplex> {
    const stream = await this.#opened<ClientChannel>(
      done => this.#client.forwardOut("127.0.0.1", 0, host, port, done),
      late => late.destroy(),
      options.signal,
      reason =>
        new Problem("access/port-refused", {
          message: `"${this.machine}" could not connect to ${host}:${port} (${reason})`,
          where: { machine: this.machine, step: "dial" },
        }),
    );
    return this.#carry(stream);
  }

  /**
   * Opens a TCP port inside the guest. Every connection is handed over before a byte of it has been read. Rejects with
   * `access/listen-refused`, `provisioning/connection-lost` or the signal's reason.
   */
  async listen(
    host: string,
    port: number,
    onConnection: (connection: IncomingConnection) => void,
    options: { signal?: AbortSignal } = {},
  ): Promise<ChannelListener> {
    const accepted = (connection: IncomingConnection) =>
      onConnection({
        accept: () => this.#carry(connection.accept()),
        refuse: () => connection.refuse(),
      });
    const listener = await this.#opened<ChannelListener>(
      done => openListener(this.#client, { host, port, onConnection: accepted, lost: this.closed }, done),
      late => late.close(),
      options.signal,
      reason =>
        new Problem("access/listen-refused", {
          message: `"${this.machine}" could not listen on ${host}:${port} (${reason})`,
          where: { machine: this.machine, step: "listen" },
        }),
    );
    this.#sessions++;
    void listener.closed.then(() => this.#sessions--);
    return listener;
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

  /** Counts a stream as long as it is open, and ends it with the connection. */
  #carry(stream: Duplex): Duplex {
    limitBacklog(stream, () => this.#socket.destroy());
    stream.on("error", () => {
      // A write after the end; "close" follows.
    });
    this.#sessions++;
    stream.once("close", () => this.#sessions--);
    void this.closed.then(() => stream.destroy());
    return stream;
  }

  /** A session that has not answered once is not asked again. */
  async #withFiles<T>(work: (sftp: SFTPWrapper) => Promise<T>): Promise<T> {
    const session = this.#files();
    const sftp = await session;
    try {
      return await work(sftp);
    } catch (error) {
      if (error instanceof Problem && error.cause instanceof FileTimeout) {
        if (this.#sftp === session) this.#sftp = undefined;
        sftp.end();
      }
      throw error;
    }
  }

  #files(): Promise<SFTPWrapper> {
    if (this.#sftp !== undefined) return this.#sftp;
    const opening = this.#opened<SFTPWrapper>(
      done => this.#client.sftp(done),
      late => late.end(),
      undefined,
    ).then(
      sftp => {
        sftp.once("close", () => {
          if (this.#sftp === opening) this.#sftp = undefined;
        });
        return sftp;
      },
      error => {
        this.#sftp = undefined;
        throw error;
      },
    );
    this.#sftp = opening;
    return opening;
  }

  /** Bounds the opening of a session (or of what has a refusal of its own); a session that opens after its caller gave up is closed on the spot. */
  #opened<T>(
    open: (done: (error: Error | undefined, value: T) => void) => void,
    release: (value: T) => void,
    signal: AbortSignal | undefined,
    refused?: (reason: string) => Problem,
  ): Promise<T> {
    const noSession = (reason: string) => this.#problem("provisioning/session-refused", reason);
    return new Promise((resolve, reject) => {
      let settled = false;
      const fail = (error: unknown) => {
        settled = true;
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        reject(error);
      };
      const onAbort = () => fail(signal?.reason);
      const timer = setTimeout(() => {
        // The process behind this connection is stuck: whoever comes next needs another one.
        if (refused === undefined && this.#sessions === 0) this.#socket.destroy();
        fail((refused ?? noSession)("no answer"));
      }, openTimeoutMs);
      if (signal?.aborted) return onAbort();
      signal?.addEventListener("abort", onAbort, { once: true });
      const done = (error: Error | undefined, value: T) => {
        if (settled) {
          if (!error) release(value);
          return;
        }
        // `closed` follows an error of the connection by a few turns; the message of ssh2 tells the two apart.
        if (error) {
          if (this.#open) return fail((refused ?? noSession)(error.message));
          return fail(this.#problem("provisioning/connection-lost", error.message));
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
