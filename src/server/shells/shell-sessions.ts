import type { Duplex } from "node:stream";
import { Problem } from "../../api/problems.ts";
import type { Plays } from "../../playground/plays.ts";
import type { ShellRow } from "../../store/database/shells.ts";

interface Session {
  terminal: Promise<string>;
  viewers: Set<Duplex>;
}

/** Everybody who opens a shell looks at the same terminal, and a terminal has room for so many. */
const maxViewers = 16;
/** Of the many shells of a long life, those that nobody looks at are forgotten first. */
const maxRemembered = 1000;

/**
 * The terminals behind shared shells: one for each, opened when the first person looks, and anew when its shell has
 * ended. Kept in memory only: after a restart of the server a new terminal is opened.
 */
export class ShellSessions {
  readonly #plays: Plays;
  readonly #sessions = new Map<string, Session>();

  constructor(plays: Plays) {
    this.#plays = plays;
  }

  /**
   * The terminal to show on `viewer`, whose end is noticed. Rejects with `access/terminal-limit` when too many look
   * already, or as Plays does.
   */
  async join(shell: ShellRow, size: { cols: number; rows: number }, viewer: Duplex): Promise<string> {
    const viewers = this.#sessions.get(shell.id)?.viewers ?? new Set();
    if (viewers.size >= maxViewers) {
      throw new Problem("access/terminal-limit", { message: `${maxViewers} people look at this shell already` });
    }
    viewers.add(viewer);
    viewer.once("close", () => viewers.delete(viewer));
    try {
      return await this.#terminal(shell, size, viewers);
    } catch (error) {
      viewers.delete(viewer);
      throw error;
    }
  }

  /** Ends the terminal and shows everybody out. */
  async close(shell: Pick<ShellRow, "id" | "play_id">): Promise<void> {
    const session = this.#sessions.get(shell.id);
    this.#sessions.delete(shell.id);
    for (const viewer of session?.viewers ?? []) viewer.destroy();
    const terminal = await session?.terminal.catch(() => undefined);
    if (terminal === undefined) return;
    await this.#plays.closeTerminal(shell.play_id, terminal).catch(() => {
      // The play is off: its terminals went with it.
    });
  }

  async #terminal(shell: ShellRow, size: { cols: number; rows: number }, viewers: Set<Duplex>): Promise<string> {
    const current = this.#sessions.get(shell.id);
    if (current !== undefined && (await this.#isAlive(shell, current))) return current.terminal;
    // Whoever waited beside us for the same answer may have opened a new one by now.
    const latest = this.#sessions.get(shell.id);
    if (latest !== undefined && latest !== current) return latest.terminal;
    const { machine, user } = shell;
    const session = { terminal: this.#plays.openTerminal(shell.play_id, { machine, user, ...size }), viewers };
    this.#forgetSome();
    this.#sessions.set(shell.id, session);
    session.terminal.catch(() => {
      if (this.#sessions.get(shell.id) === session) this.#sessions.delete(shell.id);
    });
    return session.terminal;
  }

  #forgetSome(): void {
    for (const [id, { viewers }] of this.#sessions) {
      if (this.#sessions.size < maxRemembered) return;
      if (viewers.size === 0) this.#sessions.delete(id);
    }
  }

  async #isAlive(shell: ShellRow, { terminal }: Session): Promise<boolean> {
    const id = await terminal.catch(() => undefined);
    return id !== undefined && (await this.#plays.listTerminals(shell.play_id)).some(each => each.id === id);
  }
}
