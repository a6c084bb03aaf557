import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { createDialer } from "../access/dial.ts";
import { type JournalQuery, journalCommand } from "../access/journal-query.ts";
import { JournalSessions } from "../access/journal-sessions.ts";
import { resolveLogin } from "../access/login.ts";
import { type ExecRequest, ExecSessions } from "../access/ssh-session.ts";
import { Terminals } from "../access/terminals.ts";
import { Tunnels } from "../access/tunnels.ts";
import type { Plan } from "../plan/plan.ts";
import { authorizeKey } from "../provisioning/authorized-keys.ts";
import type { Channel } from "../provisioning/channel.ts";
import type { ChannelKeeper } from "../provisioning/channel-keeper.ts";
import { shellCommand } from "../provisioning/shell-quote.ts";
import { dialerFromMachine } from "./dial-from-machine.ts";
import type { KeyRequest, ListeningPort, TerminalRequest } from "./plays.ts";
import { PortScan } from "./port-scan.ts";
import type { AccessActions } from "./runner-api.ts";

/** A person who opens a terminal while the machine boots should get it, but not wait for ever. */
const loginTimeoutMs = 60_000;
/** A tunnel's client gives its handshake 45 s. */
const tunnelTimeoutMs = 10_000;
const sshdPort = 22;
/** The image's own sshd comes up about a second after the platform's; one that does not come is not waited for long. */
const sshdTimeoutMs = 15_000;
const sshdCadenceMs = 200;

/** The ways of people into a running play: terminals, remote commands, ports, tunnels. */
export class PlayAccess implements AccessActions, AsyncDisposable {
  readonly #machines: Plan["machines"];
  readonly #keeper: ChannelKeeper;
  readonly #terminals: Terminals;
  readonly #execs: ExecSessions;
  readonly #journals: JournalSessions;
  readonly #dial: ReturnType<typeof createDialer>;
  readonly #scan: PortScan;
  readonly #tunnels: Tunnels;
  /** By machine and user: the last change of authorized keys. Never rejects. */
  readonly #keyWork = new Map<string, Promise<void>>();
  /** Machines whose own sshd was waited for in vain since they were switched on: nobody waits for it again. */
  readonly #withoutSshd = new Set<string>();

  constructor(plan: Plan, keeper: ChannelKeeper) {
    this.#machines = plan.machines;
    this.#keeper = keeper;
    this.#dial = createDialer(plan.machines);
    this.#scan = new PortScan({ machines: plan.machines, keeper, dial: this.#dial });
    this.#journals = new JournalSessions({
      start: async (machine, command, signal) => {
        const channel = await this.#login({ machine, user: "root" }, signal);
        return channel.execStream(shellCommand(command), { signal });
      },
    });
    const channel = (machine: string, signal: AbortSignal) =>
      keeper.get(machine, "root", { signal, deadlineMs: tunnelTimeoutMs });
    this.#tunnels = new Tunnels({
      dial: dialerFromMachine({ machines: plan.machines, dial: this.#dial, channel }),
      listen: async (machine, host, port, onConnection, signal) =>
        (await channel(machine, signal)).listen(host, port, onConnection, { signal }),
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

  /** What led into a machine that is off ends. */
  machineOff(machine: string): void {
    this.#withoutSshd.delete(machine);
    this.#tunnels.dropMachine(machine);
  }

  attachTunnel(
    machine: string,
    payload: string,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): Promise<void> {
    return this.#tunnels.attachUpgrade(machine, payload, request, socket, head);
  }

  /** One change of a user's keys at a time: each is a read and a write of the same file. */
  async authorizeKey({ machine, user, key, timeoutMs }: KeyRequest): Promise<void> {
    const login = resolveLogin(this.#machines, { machine, user });
    const signal = AbortSignal.timeout(timeoutMs);
    const channel = await this.#keeper.get(machine, login.user, { signal, deadlineMs: timeoutMs });
    const id = `${machine}\0${login.user}`;
    const work = (this.#keyWork.get(id) ?? Promise.resolve()).then(() => authorizeKey(channel, key));
    this.#keyWork.set(
      id,
      work.catch(() => {}),
    );
    await work;
    await this.#awaitSshd(machine, signal);
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

  /** Hangs up all terminals and tunnels, lets go of all commands and journals, ends scans. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#scan.stop();
    await Promise.all([
      this.#terminals[Symbol.asyncDispose](),
      this.#execs[Symbol.asyncDispose](),
      this.#journals[Symbol.asyncDispose](),
      this.#tunnels[Symbol.asyncDispose](),
    ]);
  }

  /**
   * Until the image's own sshd accepts connections: clients try a login once, and scp does not try again. After the
   * deadline the platform's sshd serves them.
   */
  async #awaitSshd(machine: string, caller: AbortSignal): Promise<void> {
    if (this.#withoutSshd.has(machine)) return;
    const deadline = AbortSignal.timeout(sshdTimeoutMs);
    const signal = AbortSignal.any([caller, deadline]);
    while (!signal.aborted) {
      try {
        (await this.dial(machine, sshdPort, signal)).destroy();
        return;
      } catch {
        // Not yet.
        await delay(sshdCadenceMs, undefined, { signal }).catch(() => {});
      }
    }
    if (deadline.aborted) this.#withoutSshd.add(machine);
  }

  #login({ machine, user }: { machine: string; user: string }, signal: AbortSignal): Promise<Channel> {
    return this.#keeper.get(machine, user, { signal, deadlineMs: loginTimeoutMs });
  }
}
