import { performance } from "node:perf_hooks";
import type { WebSocket } from "ws";
import { terminalWindowBytes } from "../api/terminal-protocol.ts";
import { clampSize, type GuestShell, type TerminalSize } from "./guest-shell.ts";
import { Screen } from "./screen.ts";
import { TerminalViewer } from "./terminal-viewer.ts";

/** With nobody looking, output is drawn at leisure: the runner has other work, and nothing is missed. */
const detachedBytesPerSecond = 2 * 1024 * 1024;
/** A background job may hold the terminal after its shell has ended. */
const lingerMs = 1000;

interface Ending {
  /** null: the connection was lost before the shell told. */
  exitCode: number | null;
}

/** A shell with its screen, and whoever looks at it. It lives on with nobody looking. */
export class TerminalSession {
  readonly id: string;
  readonly machine: string;
  readonly user: string;
  /** Resolves when the shell has ended and its last output is on the screen. Never rejects. */
  readonly ended: Promise<void>;
  /** Since when nobody looks, by the monotonic clock; undefined while someone does. */
  detachedSinceMs: number | undefined = performance.now();
  readonly #shell: GuestShell;
  readonly #screen: Screen;
  readonly #viewers = new Set<TerminalViewer>();
  #ending: Ending | undefined;
  #released = false;
  #receivedBytes = 0;
  #undrawnBytes = 0;
  #attaching = 0;
  #restUntilMs = 0;
  #rest: NodeJS.Timeout | undefined;

  constructor(identity: { id: string; machine: string; user: string }, shell: GuestShell, size: TerminalSize) {
    this.id = identity.id;
    this.machine = identity.machine;
    this.user = identity.user;
    this.#shell = shell;
    this.#screen = new Screen(size, reply => {
      // A viewer's own terminal answers; two answers would be typed text to the program.
      if (this.#viewers.size === 0 && shell.stdin.writable) shell.stdin.write(reply);
    });
    shell.stdout.on("data", (chunk: Buffer) => this.#show(chunk));
    // With a pty nothing arrives here, but an unread stream would hold up the other.
    shell.stderr.resume();
    shell.stdin.on("drain", () => {
      for (const viewer of this.#viewers) viewer.resume();
    });
    this.ended = this.#end();
  }

  get hasEnded(): boolean {
    return this.#ending !== undefined;
  }

  /** Shows the terminal to `socket` from now on: first all of the screen, then what changes. */
  async attach(socket: WebSocket): Promise<void> {
    const viewer = new TerminalViewer(socket, {
      input: bytes => this.hasEnded || !this.#shell.stdin.writable || this.#shell.stdin.write(bytes),
      resize: size => this.#resize(viewer, clampSize(size)),
      acknowledged: () => this.#flow(),
      closed: () => {
        this.#viewers.delete(viewer);
        if (this.#viewers.size === 0) this.detachedSinceMs ??= performance.now();
        this.#flow();
      },
    });
    // The redraw and the first new byte must meet: nothing is read while the screen catches up.
    this.#attaching++;
    this.#flow();
    await this.#screen.flush();
    this.#attaching--;
    if (viewer.isOpen) {
      viewer.tell({ type: "attached", id: this.id, ...this.#screen.size });
      viewer.show(Buffer.from(this.#screen.redraw()));
      if (this.#ending) {
        farewell(viewer, this.#ending, this.machine);
      } else {
        this.#viewers.add(viewer);
        this.detachedSinceMs = undefined;
      }
    }
    this.#flow();
  }

  /** Ends the shell; `ended` follows. */
  close(): void {
    this.#released = true;
    this.#shell.close();
  }

  /** After `ended`: frees the screen. */
  dispose(): void {
    clearTimeout(this.#rest);
    this.#screen.dispose();
  }

  #show(chunk: Buffer): void {
    this.#receivedBytes += chunk.length;
    this.#undrawnBytes += chunk.length;
    void this.#screen.write(chunk).then(() => {
      this.#undrawnBytes -= chunk.length;
      this.#flow();
      return undefined;
    });
    for (const viewer of this.#viewers) viewer.show(chunk);
    if (this.#viewers.size === 0) {
      this.#restUntilMs =
        Math.max(this.#restUntilMs, performance.now()) + (chunk.length / detachedBytesPerSecond) * 1000;
    }
    this.#flow();
  }

  /** Decides whether more is read from the shell. What is not read stops the program that prints it. */
  #flow(): void {
    clearTimeout(this.#rest);
    const behind = [...this.#viewers].some(viewer => viewer.isBehind);
    const restMs = this.#viewers.size > 0 || this.hasEnded ? 0 : this.#restUntilMs - performance.now();
    if (this.#attaching > 0 || behind || this.#undrawnBytes > terminalWindowBytes || restMs > 20) {
      this.#shell.stdout.pause();
      if (restMs > 20) this.#rest = setTimeout(() => this.#flow(), restMs);
    } else if (this.#shell.stdout.isPaused()) {
      this.#shell.stdout.resume();
    }
  }

  #resize(by: TerminalViewer, size: TerminalSize): void {
    const { cols, rows } = this.#screen.size;
    if (this.hasEnded || (cols === size.cols && rows === size.rows)) return;
    this.#screen.resize(size);
    this.#shell.resize(size);
    for (const viewer of this.#viewers) if (viewer !== by) viewer.tell({ type: "resized", ...size });
  }

  async #end(): Promise<void> {
    const exitCode = await this.#shell.exited.then(
      exit => exit.exitCode ?? 128,
      () => null,
    );
    await this.#lastOutput();
    await this.#screen.flush();
    this.#ending = { exitCode };
    for (const viewer of this.#viewers) farewell(viewer, this.#ending, this.machine);
    this.#viewers.clear();
    this.detachedSinceMs ??= performance.now();
    this.#shell.close();
  }

  /** Resolves when all output has been read, at the pace of the slowest viewer, or when none comes any more. */
  async #lastOutput(): Promise<void> {
    let closed = false;
    const end = this.#shell.closed.then(() => (closed = true));
    // oxlint-disable-next-line no-unmodified-loop-condition -- `end` modifies it
    for (let known = -1; !closed && !this.#released && known !== this.#receivedBytes; ) {
      if (!this.#shell.stdout.isPaused()) known = this.#receivedBytes;
      let linger: NodeJS.Timeout | undefined;
      await Promise.race([end, new Promise<void>(resolve => (linger = setTimeout(resolve, lingerMs)))]);
      clearTimeout(linger);
    }
  }
}

function farewell(viewer: TerminalViewer, { exitCode }: Ending, machine: string): void {
  if (exitCode === null) {
    const message = `The connection to "${machine}" was lost. The machine may be rebooting; open a new terminal when it is ready.`;
    viewer.tell({ type: "notice", code: "provisioning/connection-lost", message });
  }
  viewer.tell({ type: "exit", exitCode });
  viewer.close();
}
