import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { WebSocket } from "ws";
import { type ExecRequest, ExecSessions } from "../../src/access/ssh-session.ts";
import { Terminals } from "../../src/access/terminals.ts";
import { execStream } from "../../src/api/exec-protocol.ts";
import type { TerminalServerMessage } from "../../src/api/terminal-protocol.ts";
import { openChannel } from "../../src/provisioning/channel.ts";
import { ChannelKeeper } from "../../src/provisioning/channel-keeper.ts";
import { ptySkipReason, type SshdFixture, sshdSkipReason, startSshd } from "../fixtures/sshd.ts";

describe("terminals and remote commands", { skip: sshdSkipReason ?? false }, () => {
  let sshd: SshdFixture;
  let keeper: ChannelKeeper;
  let terminals: Terminals;
  let commands: ExecSessions;
  let server: Server;
  let base: string;

  before(async () => {
    sshd = await startSshd();
    keeper = new ChannelKeeper({
      connect: (machine, user, options) => openChannel({ ...sshd.target(user), machine, ...options }),
    });
    const machines = [
      { name: "web-01", users: [{ name: sshd.username }], defaultUser: sshd.username, noSSH: false },
      { name: "db-01", users: [{ name: sshd.username }], defaultUser: sshd.username, noSSH: true },
    ];
    const channel = (login: { machine: string; user: string }, signal: AbortSignal) =>
      keeper.get(login.machine, login.user, { signal, deadlineMs: 10_000 });
    terminals = new Terminals({
      machines,
      openShell: async (login, size, signal) => (await channel(login, signal)).shell(size, { signal }),
      maxTerminals: 3,
    });
    commands = new ExecSessions({
      machines,
      start: async (login, { command, pty }, signal) => {
        const open = await channel(login, signal);
        if (command === undefined) return open.shell(pty ?? { cols: 80, rows: 24 }, { signal });
        return open.execStream(command, { signal, ...(pty && { pty }) });
      },
    });
    server = createServer();
    server.on("upgrade", (request, socket, head) => {
      const url = new URL(request.url ?? "/", "http://runner");
      try {
        const id = /^\/terminals\/(\w+)$/.exec(url.pathname)?.[1];
        if (id) terminals.attachUpgrade(id, request, socket, head);
        else
          commands.attachUpgrade(JSON.parse(url.searchParams.get("exec") ?? "") as ExecRequest, request, socket, head);
      } catch (error) {
        socket.end(`HTTP/1.1 404 ${(error as { code: string }).code}\r\n\r\n`);
      }
    });
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    base = `ws://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  });
  after(async () => {
    await terminals?.[Symbol.asyncDispose]();
    await commands?.[Symbol.asyncDispose]();
    await keeper?.[Symbol.asyncDispose]();
    await sshd?.[Symbol.asyncDispose]();
    server?.closeAllConnections();
    server?.close();
  });

  const open = (cols = 80, rows = 24) => terminals.open({ machine: "web-01", cols, rows });
  const needsPty = { skip: ptySkipReason ?? false };
  const look = (id: string, acknowledges = true) => Viewer.open(`${base}/terminals/${id}`, acknowledges);
  const exec = (request: Partial<ExecRequest>) =>
    Command.open(`${base}/?exec=${encodeURIComponent(JSON.stringify({ machine: "web-01", ...request }))}`);

  test("a terminal survives its viewers and is shown whole to the next", needsPty, async () => {
    const id = await open(100, 30);
    const first = await look(id);
    assert.deepEqual(first.messages[0], { type: "attached", id, cols: 100, rows: 30 });
    first.type("echo $((40 + 2)); stty size; cd /\n");
    await until(() => /42\r\n30 100\r\n/.test(first.shown));
    first.socket.terminate();
    const second = await look(id);
    await until(() => /42\r\n30 100/.test(second.shown));
    second.type("pwd; echo $TERM\n");
    await until(() => /\/\r\n[^]*xterm-256color/.test(second.shown));
    assert.deepEqual(terminals.list(), [{ id, machine: "web-01", user: sshd.username }]);
    second.tell({ type: "resize", cols: 9999, rows: 40 });
    second.type("stty size; exit 4\n");
    await until(() => second.messages.at(-1)?.type === "exit");
    assert.deepEqual(second.messages.at(-1), { type: "exit", exitCode: 4 });
    assert.match(second.shown, /40 500\r\n/);
    await second.closed;
    // The last screen can still be looked at.
    const third = await look(id);
    await until(() => third.messages.at(-1)?.type === "exit");
    assert.match(third.shown, /42\r\n/);
    terminals.close(id);
  });

  test("viewers of one terminal see the same", needsPty, async () => {
    const id = await open();
    const [one, other] = [await look(id), await look(id)];
    one.type("echo from-$((1 + 0))\n");
    await until(() => /from-1\r\n/.test(one.shown) && /from-1\r\n/.test(other.shown));
    one.tell({ type: "resize", cols: 90, rows: 20 });
    await until(() => other.messages.at(-1)?.type === "resized");
    terminals.close(id);
    await Promise.all([one.closed, other.closed]);
  });

  test("a viewer that does not acknowledge stops the program, not the runner", needsPty, async () => {
    const id = await open();
    const lazy = await look(id, false);
    lazy.type("yes | head -c 20000000; echo\n");
    await until(() => lazy.received > 256 * 1024);
    await delay(500);
    const received = lazy.received;
    assert.ok(received < 2 * 256 * 1024, `${received} bytes were sent without an acknowledgement`);
    await delay(300);
    assert.equal(lazy.received, received);
    lazy.acknowledge();
    await until(() => lazy.received > received);
    terminals.close(id);
  });

  test("250 MB of output do not gather in the runner", needsPty, async () => {
    const id = await open();
    const viewer = await look(id);
    // The client of this test lives in the same process: let it and the collector find their pace first.
    viewer.type("head -c 20000000 /dev/zero | tr '\\\\0' 'x' | fold -w 99; echo wa''rm\n");
    await until(() => viewer.shown.includes("warm\r\n"), 60_000);
    const delayMs = monitorEventLoopDelay({ resolution: 5 });
    const before = bytesInUse();
    let peak = before;
    const watch = setInterval(() => (peak = Math.max(peak, bytesInUse())), 500);
    delayMs.enable();
    viewer.type("head -c 250000000 /dev/zero | tr '\\\\0' 'x' | fold -w 99; echo d''one\n");
    await until(() => viewer.shown.includes("done\r\n"), 240_000);
    delayMs.disable();
    clearInterval(watch);
    assert.ok(viewer.received > 250_000_000);
    const grownMiB = Math.round((peak - before) / 2 ** 20);
    const longestMs = Math.round(delayMs.max / 1e6);
    const usualMs = Math.round(delayMs.percentile(99) / 1e6);
    console.log(
      `250 MB through a terminal: ${grownMiB} MiB more memory; event loop delay p99 ${usualMs} ms, max ${longestMs} ms`,
    );
    // Output that gathered would be 238 MiB.
    assert.ok(grownMiB < 120, `${grownMiB} MiB more memory`);
    terminals.close(id);
  });

  test("with nobody looking, output is drawn at a bounded rate and the last of it is shown", needsPty, async () => {
    const id = await open();
    const viewer = await look(id);
    const started = performance.now();
    viewer.type("seq 1 600000; echo d''one\n");
    await until(() => viewer.received > 1000);
    viewer.socket.terminate();
    for (let shown = ""; !/600000\s+done/.test(shown); ) {
      const peek = await look(id);
      await until(() => peek.shown.length > 0);
      shown = peek.shown;
      peek.socket.terminate();
      await peek.closed;
      await delay(100);
    }
    assert.ok(performance.now() - started < 30_000);
    terminals.close(id);
  });

  test("a lost connection is told, and the terminal has ended", needsPty, async () => {
    const id = await open();
    const viewer = await look(id);
    await until(() => viewer.shown.length > 0);
    await sshd.dropConnections();
    await viewer.closed;
    assert.deepEqual(
      viewer.messages.slice(-2).map(message => [message.type, "code" in message ? message.code : null]),
      [
        ["notice", "provisioning/connection-lost"],
        ["exit", null],
      ],
    );
    assert.deepEqual(terminals.list(), []);
    terminals.close(id);
  });

  test("there is a limit, unknown ids and machines without shells are refused", needsPty, async () => {
    const ids = await Promise.all([open(), open(), open()]);
    await assert.rejects(open(), { code: "access/terminal-limit" });
    terminals.close(ids[0]);
    ids.push(await open());
    await assert.rejects(terminals.open({ machine: "db-01", cols: 80, rows: 24 }), { code: "access/no-ssh" });
    await assert.rejects(look("0123456789ab"), /404/);
    for (const id of ids) terminals.close(id);
  });

  test("nonsense from a viewer closes its socket only", needsPty, async () => {
    const id = await open();
    const [bad, good] = [await look(id), await look(id)];
    bad.socket.send("{nonsense");
    await bad.closed;
    good.type("echo still-$((1 + 0))\n");
    await until(() => /still-1\r\n/.test(good.shown));
    terminals.close(id);
  });

  test("a remote command: streams apart, stdin to its end, exit code", async () => {
    const command = await exec({ command: "cat; echo oops >&2; exit 7" });
    command.input("hello ");
    command.input("world");
    command.tell({ type: "eof" });
    await command.closed;
    assert.deepEqual([command.stdout, command.stderr], ["hello world", "oops\n"]);
    assert.deepEqual(command.messages, [{ type: "exit", exitCode: 7, signal: null }]);
  });

  test("a remote command with a terminal of its own", needsPty, async () => {
    const command = await exec({
      command: "stty size; read -r line; stty size; kill -INT $$",
      pty: { cols: 77, rows: 11 },
    });
    await until(() => command.stdout.includes("11 77"));
    command.tell({ type: "resize", cols: 78, rows: 12 });
    command.input("go\n");
    await command.closed;
    assert.match(command.stdout, /12 78/);
    assert.deepEqual(command.messages, [{ type: "exit", exitCode: null, signal: "SIGINT" }]);
  });

  test("a remote command's output waits for its reader and arrives whole", async () => {
    const command = await exec({ command: "head -c 30000000 /dev/zero; echo end >&2" });
    await until(() => command.received > 0);
    command.socket.pause();
    await delay(500);
    const rss = process.memoryUsage.rss();
    await delay(500);
    assert.ok(process.memoryUsage.rss() - rss < 30 * 2 ** 20);
    command.socket.resume();
    await command.closed;
    assert.equal(command.received, 30_000_000 + 4);
    assert.deepEqual(command.messages, [{ type: "exit", exitCode: 0, signal: null }]);
  });

  test("a client that leaves hangs up its command", needsPty, async () => {
    const command = await exec({ command: "echo $$; exec cat", pty: { cols: 80, rows: 24 } });
    await until(() => /\d+\r\n/.test(command.stdout));
    const pid = Number.parseInt(command.stdout, 10);
    command.socket.terminate();
    await until(() => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    });
  });

  test("what cannot be started is told as a problem", async () => {
    await assert.rejects(exec({ machine: "web-02", command: "true" }), /404/);
    await sshd.stop();
    const command = await exec({ command: "true" });
    await command.closed;
    // Either the loss of the connection was noticed in time, or the first use of it told.
    assert.match(command.messages[0]?.problem?.code ?? "", /^provisioning\/(channel-timeout|connection-lost)$/);
    await sshd.start();
  });
});

/** Resolves when the WebSocket is open; rejects with the refusal of its upgrade. */
function opened(socket: WebSocket): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
}

/** What a browser does: shows bytes and acknowledges them. */
class Viewer {
  readonly socket: WebSocket;
  readonly messages: TerminalServerMessage[] = [];
  readonly closed: Promise<void>;
  received = 0;
  /** The last 100 kB. */
  shown = "";
  #unacknowledged = 0;
  #acknowledges: boolean;

  static async open(url: string, acknowledges: boolean): Promise<Viewer> {
    // Listening from the start: the first frames may come with the answer to the upgrade.
    const viewer = new Viewer(new WebSocket(url), acknowledges);
    await opened(viewer.socket);
    await until(() => viewer.messages.length > 0);
    return viewer;
  }

  constructor(socket: WebSocket, acknowledges: boolean) {
    this.socket = socket;
    this.#acknowledges = acknowledges;
    this.closed = new Promise(resolve => socket.once("close", () => resolve()));
    socket.on("error", () => socket.terminate());
    socket.on("message", (data: Buffer, isBinary) => {
      if (!isBinary) {
        this.messages.push(JSON.parse(data.toString()));
        return;
      }
      this.received += data.length;
      this.#unacknowledged += data.length;
      this.shown = (this.shown + data.toString()).slice(-100_000);
      if (this.#acknowledges) this.acknowledge();
    });
  }

  acknowledge(): void {
    this.#acknowledges = true;
    this.tell({ type: "ack", bytes: this.#unacknowledged });
    this.#unacknowledged = 0;
  }

  type(text: string): void {
    this.socket.send(Buffer.from(text));
  }

  tell(message: object): void {
    this.socket.send(JSON.stringify(message));
  }
}

class Command {
  readonly socket: WebSocket;
  readonly messages: Array<{ type: string; problem?: { code: string } }> = [];
  readonly closed: Promise<void>;
  received = 0;
  stdout = "";
  stderr = "";

  static async open(url: string): Promise<Command> {
    const command = new Command(new WebSocket(url));
    await opened(command.socket);
    return command;
  }

  constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise(resolve => socket.once("close", () => resolve()));
    socket.on("message", (data: Buffer, isBinary) => {
      if (!isBinary) {
        this.messages.push(JSON.parse(data.toString()));
        return;
      }
      this.received += data.length - 1;
      const text = data.subarray(1, 10_000).toString();
      if (data[0] === execStream.stdout) this.stdout = (this.stdout + text).slice(-10_000);
      else if (data[0] === execStream.stderr) this.stderr += text;
    });
  }

  input(text: string): void {
    this.socket.send(Buffer.concat([Buffer.of(execStream.stdin), Buffer.from(text)]));
  }

  tell(message: object): void {
    this.socket.send(JSON.stringify(message));
  }
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** What is still held once the garbage has been collected, buffers outside the heap included. */
function bytesInUse(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function until(condition: () => boolean, limitMs = 45_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs / 1000} s: ${condition.toString()}`);
    await delay(20);
  }
}
