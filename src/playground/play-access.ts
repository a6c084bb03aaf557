import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { createDialer } from "../access/dial.ts";
import { type JournalQuery, journalCommand } from "../access/journal-query.ts";
import { JournalSessions } from "../access/journal-sessions.ts";
import { type ExecRequest, ExecSessions } from "../access/ssh-session.ts";
import { Terminals } from "../access/terminals.ts";
import type { Plan } from "../plan/plan.ts";
import type { Channel } from "../provisioning/channel.ts";
import type { ChannelKeeper } from "../provisioning/channel-keeper.ts";
import { shellCommand } from "../provisioning/shell-quote.ts";
import type { ListeningPort, TerminalRequest } from "./plays.ts";
import { PortScan } from "./port-scan.ts";
import type { AccessActions } from "./runner-api.ts";

/** A person who opens a terminal while the machine boots should get it, but not wait for ever. */
const loginTimeoutMs = 60_000;

/** The ways of people into a running play: terminals, remote commands, ports. */
export class PlayAccess implements AccessActions, AsyncDisposable {
  readonly #keeper: ChannelKeeper;
  readonly #terminals: Terminals;
  readonly #execs: ExecSessions;
  readonly #journals: JournalSessions;
  readonly #dial: ReturnType<typeof createDialer>;
  readonly #scan: PortScan;

  constructor(plan: Plan, keeper: ChannelKeeper) {
    this.#keeper = keeper;
    this.#dial = createDialer(plan.machines);
    this.#scan = new PortScan({ machines: plan.machines, keeper, dial: this.#dial });
    this.#journals = new JournalSessions({
      start: async (machine, command, signal) => {
        const channel = await this.#login({ machine, user: "root" }, signal);
        return channel.execStream(shellCommand(command), { signal });
      },
    });
    this.#terminals = new Terminals({
      machines: plan.machines,
      openShell: async (login, size, signal) => (await this.#login(login, signal)).shell(size, { signal }),
    });
    this.#execs = new ExecSessions({
      machines: plan.machines,
      start: async (login, { command, pty }, signal) => {
        const channel = await this.#login(login, signal);
        if (command !== undefined)
          return channel.execStream(command, { signal, ...(pty === undefined ? {} : { pty }) });
        // Without a terminal a login shell reads its commands from stdin, as ssh does.
        return pty === undefined
          ? channel.execStream("exec ${SHELL:-/bin/sh} -l", { signal })
          : channel.shell(pty, { signal });
      },
    });
  }

  dial(machine: string, port: number, signal: AbortSignal): Promise<Duplex> {
    return this.#dial({ host: machine, port, signal });
  }

  scanPorts(machine: string | undefined): Promise<ListeningPort[]> {
    return this.#scan.run(machine);
  }

  openTerminal(terminal: TerminalRequest): Promise<string> {
    return this.#terminals.open(terminal);
  }

  listTerminals(): Array<{ id: string; machine: string; user: string }> {
    return this.#terminals.list();
  }

  closeTerminal(id: string): void {
    this.#terminals.close(id);
  }

  attachTerminal(id: string, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#terminals.attachUpgrade(id, request, socket, head);
  }

  attachExec(exec: ExecRequest, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#execs.attachUpgrade(exec, request, socket, head);
  }

  attachJournal(machine: string, query: JournalQuery, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#journals.attachUpgrade({ machine, command: journalCommand(query) }, request, socket, head);
  }

  /** Hangs up all terminals, lets go of all commands and journals, ends scans. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#scan.stop();
    await Promise.all([
      this.#terminals[Symbol.asyncDispose](),
      this.#execs[Symbol.asyncDispose](),
      this.#journals[Symbol.asyncDispose](),
    ]);
  }

  #login({ machine, user }: { machine: string; user: string }, signal: AbortSignal): Promise<Channel> {
    return this.#keeper.get(machine, user, { signal, deadlineMs: loginTimeoutMs });
  }
}
