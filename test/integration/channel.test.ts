import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Channel, openChannel } from "../../src/provisioning/channel.ts";
import type { IncomingConnection } from "../../src/provisioning/channel-listener.ts";
import { ChannelKeeper } from "../../src/provisioning/channel-keeper.ts";
import { watchReadiness } from "../../src/provisioning/readiness.ts";
import { tcpServer } from "../fixtures/tunnel-client.ts";
import { ptySkipReason, type SshdFixture, sshdSkipReason, startSshd } from "../fixtures/sshd.ts";

const signal = AbortSignal.timeout(400_000);
const soon = () => ({ signal: AbortSignal.timeout(30_000) });

describe("the platform channel", { skip: sshdSkipReason ?? false }, () => {
  let sshd: SshdFixture;
  let channel: Channel;

  before(async () => {
    sshd = await startSshd();
    channel = await openChannel({ ...sshd.target(), signal, deadlineMs: 10_000 });
  });
  after(async () => {
    await channel?.[Symbol.asyncDispose]();
    await sshd?.[Symbol.asyncDispose]();
  });

  test("a command's outputs, input and exit code arrive apart", async () => {
    const result = await channel.exec("cat; echo oops >&2; exit 7", { stdin: "hello" });
    assert.deepEqual(result, { exitCode: 7, signal: null, stdout: "hello", stderr: "oops\n" });
  });

  test("a command ended by a signal says which", async () => {
    const result = await channel.exec("kill -TERM $$");
    assert.deepEqual([result.exitCode, result.signal], [null, "SIGTERM"]);
  });

  test("a command that does not end is given up", async () => {
    await assert.rejects(channel.exec("exec sleep 600", { timeoutMs: 300 }), { code: "provisioning/command-timeout" });
  });

  test("a command that prints too much is ended", async () => {
    await assert.rejects(channel.exec("yes", { maxOutputBytes: 10_000 }), { code: "provisioning/output-too-large" });
  });

  test("an abort ends the wait with its own reason", async () => {
    const controller = new AbortController();
    const command = channel.exec("sleep 30", { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("play stopped")), 100);
    await assert.rejects(command, /play stopped/);
    assert.equal((await channel.exec("echo still works")).stdout, "still works\n");
  });

  test("connections that the guest makes: bytes both ways, and a refusal that says so", async () => {
    await using target = await tcpServer(socket => socket.once("data", data => socket.end(`heard ${data.toString()}`)));
    const stream = await channel.connect("localhost", target.port);
    stream.write("hello");
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(stream, "end");
    assert.equal(Buffer.concat(chunks).toString(), "heard hello");
    stream.end();
    const { port } = target;
    await target[Symbol.asyncDispose]();
    await assert.rejects(channel.connect("127.0.0.1", port), { code: "access/port-refused" });
  });

  test("a port that the guest listens on: connections wait to be accepted, and it closes", async () => {
    const port = 20_000 + (process.pid % 30_000);
    const waiting: IncomingConnection[] = [];
    const listener = await channel.listen("127.0.0.1", port, connection => waiting.push(connection));
    await assert.rejects(
      channel.listen("127.0.0.1", port, () => {}),
      { code: "access/listen-refused" },
    );
    const until = async (condition: () => boolean) => {
      for (let attempt = 0; attempt < 1500 && !condition(); attempt++) await delay(20);
      assert.ok(condition());
    };
    const accepted = connect({ host: "127.0.0.1", port });
    accepted.write("from inside");
    await until(() => waiting.length === 1);
    const stream = waiting[0]?.accept();
    assert.ok(stream);
    const [data] = (await once(stream, "data", soon())) as [Buffer];
    assert.equal(data.toString(), "from inside");
    stream.end("answer");
    const [answer] = (await once(accepted, "data", soon())) as [Buffer];
    assert.equal(answer.toString(), "answer");
    accepted.destroy();

    const refused = connect({ host: "127.0.0.1", port });
    refused.on("error", () => {}).resume();
    await until(() => waiting.length === 2);
    waiting[1]?.refuse();
    await once(refused, "close", soon());

    const before = channel.sessionCount;
    listener.close();
    await listener.closed;
    await until(() => channel.sessionCount < before);
    const late = connect({ host: "127.0.0.1", port });
    const [error] = (await once(late, "error", soon())) as [NodeJS.ErrnoException];
    assert.equal(error.code, "ECONNREFUSED");
  });

  test("a background child that keeps the pipes does not hold the result back", async () => {
    // Longer than the test may take.
    const result = await channel.exec("sleep 60 & echo started", { timeoutMs: 45_000 });
    assert.equal(result.stdout, "started\n");
  });

  test("a reader that stops reading stops the sender", async () => {
    const process_ = await channel.execStream("yes | head -c 100000000");
    process_.stderr.resume();
    process_.stdout.pause();
    await delay(500);
    assert.ok(process_.stdout.readableLength <= 4.1e6, `${process_.stdout.readableLength} bytes are waiting`);
    let received = 0;
    process_.stdout.on("data", (chunk: Buffer) => (received += chunk.length));
    process_.stdout.resume();
    assert.equal((await process_.exited).exitCode, 0);
    await process_.closed;
    assert.equal(received, 100_000_000);
  });

  test("a shell has a terminal of the given size and can be resized", { skip: ptySkipReason ?? false }, async () => {
    const shell = await channel.shell({ cols: 91, rows: 17 });
    let screen = "";
    shell.stdout.on("data", chunk => (screen += chunk));
    shell.stdin.write("stty size; echo $TERM\n");
    await eventually(() => assert.match(screen, /17 91\r\n[^]*xterm-256color\r\n/));
    shell.resize({ cols: 120, rows: 40 });
    shell.stdin.write("stty size; exit 3\n");
    assert.equal((await shell.exited).exitCode, 3);
    assert.match(screen, /40 120/);
  });

  test("files are written whole, with their mode, and read within a bound", async () => {
    const path = join(sshd.directory, "a file");
    const content = Buffer.alloc(200_000, "x");
    await channel.writeFile(path, "old");
    await channel.writeFile(path, content, { mode: 0o640 });
    assert.ok((await channel.readFile(path)).equals(content));
    const stat = await channel.exec(`stat -c %a '${path}'; ls -A '${sshd.directory}' | grep -c tmp`);
    assert.equal(stat.stdout, "640\n0\n");
    await assert.rejects(channel.readFile(path, { maxBytes: 1000 }), { code: "provisioning/file-failed" });
    await assert.rejects(channel.writeFile("/no/such/directory/file", "x"), /could not be written: No such file/);
  });

  test("a file session that stops answering is replaced", async () => {
    await using own = await openChannel({ ...sshd.target(), signal, deadlineMs: 10_000 });
    const path = join(sshd.directory, "first");
    await own.writeFile(path, "first");
    const children = "for p in $(cat /proc/$PPID/task/$PPID/children); do grep -lz sftp /proc/$p/cmdline; done";
    const { stdout } = await own.exec(children);
    const server = Number(/^\/proc\/(\d+)\/cmdline$/m.exec(stdout)?.[1]);
    assert.ok(server > 1, `a session runs: ${stdout}`);
    process.kill(server, "SIGSTOP");
    try {
      await assert.rejects(own.readFile(path, { timeoutMs: 1000 }), {
        code: "provisioning/file-failed",
        message: /no answer within 1 s/,
      });
      assert.equal(String(await own.readFile(path)), "first");
    } finally {
      process.kill(server, "SIGKILL");
    }
  });

  test("another host key is refused at once", async () => {
    const other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    await assert.rejects(openChannel({ ...sshd.target(), hostKey: other, signal, deadlineMs: 10_000 }), {
      code: "provisioning/host-key-mismatch",
    });
  });

  test("a refused login is told as such", async () => {
    await assert.rejects(openChannel({ ...sshd.target("nobody-here"), signal, deadlineMs: 4000 }), {
      code: "provisioning/channel-refused",
    });
  });

  test("a lost connection ends what runs on it", async () => {
    const own = await openChannel({ ...sshd.target(), signal, deadlineMs: 10_000 });
    const waiting = assert.rejects(own.exec("sleep 30"), { code: "provisioning/connection-lost" });
    await delay(300);
    await sshd.dropConnections();
    await waiting;
    await own.closed;
    await assert.rejects(own.exec("true"), { code: "provisioning/connection-lost" });
    channel = await openChannel({ ...sshd.target(), signal, deadlineMs: 10_000 });
  });

  test("a silent peer is given up at the deadline, with the reason", async () => {
    const sockets = new Set<{ destroy(): void }>();
    const mute: Server = createServer(socket => sockets.add(socket)).listen(0, "127.0.0.1");
    await new Promise(resolve => mute.once("listening", resolve));
    const { port } = mute.address() as { port: number };
    await assert.rejects(openChannel({ ...sshd.target(), port, signal, deadlineMs: 1000 }), {
      code: "provisioning/channel-timeout",
      message: /"web-01" did not answer at 127\.0\.0\.1:\d+ within 1 s/,
    });
    for (const socket of sockets) socket.destroy();
    mute.close();
  });

  test("a channel to a guest that has died without a word is closed all the same", async () => {
    const pairs = new Set<Socket>();
    const line = createServer({ allowHalfOpen: true }, near => {
      const far = connect({ host: "127.0.0.1", port: sshd.target().port });
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        pairs.add(one);
        one.on("error", () => {});
        one.on("data", chunk => other.write(chunk));
      }
    }).listen(0, "127.0.0.1");
    await new Promise(resolve => line.once("listening", resolve));
    const { port } = line.address() as { port: number };
    const dead = await openChannel({ ...sshd.target(), port, signal, deadlineMs: 10_000 });
    for (const socket of pairs) socket.pause();
    const started = performance.now();
    await dead[Symbol.asyncDispose]();
    assert.ok(performance.now() - started < 25_000);
    for (const socket of pairs) socket.destroy();
    line.close();
  });

  test("the keeper waits for a server, shares one connection and reconnects", async () => {
    await sshd.stop();
    await using keeper = new ChannelKeeper({
      connect: (_machine, username, options) => openChannel({ ...sshd.target(username), ...options }),
    });
    const request = { signal, deadlineMs: 20_000 };
    const both = Promise.all([
      keeper.get("web-01", sshd.username, request),
      keeper.get("web-01", sshd.username, request),
    ]);
    await delay(400);
    await sshd.start();
    const [first, second] = await both;
    assert.equal(first, second);
    await sshd.dropConnections();
    await first.closed;
    const third = await keeper.get("web-01", sshd.username, request);
    assert.notEqual(third, first);
    assert.equal((await third.exec("echo back")).stdout, "back\n");
    channel = await openChannel({ ...sshd.target(), signal, deadlineMs: 10_000 });
  });

  test("readiness follows a machine through a reboot", async () => {
    await using keeper = new ChannelKeeper({
      connect: (_machine, _username, options) => openChannel({ ...sshd.target(), ...options }),
    });
    const stop = new AbortController();
    const seen: string[] = [];
    const watching = watchReadiness({
      ...{ keeper, machine: "web-01", signal: stop.signal, deadlineMs: 3000 },
      onReady: ready => seen.push(`ready ${ready.machine}`),
      onLost: () => seen.push("lost"),
      onLate: problem => seen.push(problem.code),
    });
    await eventually(() => assert.deepEqual(seen, ["ready web-01"]));
    await sshd.stop();
    await eventually(() => assert.deepEqual(seen.slice(1, 3), ["lost", "provisioning/channel-timeout"]));
    await sshd.start();
    await eventually(() => assert.equal(seen.at(-1), "ready web-01"));
    assert.equal(seen.filter(event => event === "lost").length, 1);
    stop.abort();
    await watching;
    assert.equal(seen.at(-1), "ready web-01");
  });
});

async function eventually(check: () => void): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      check();
      return;
    } catch (error) {
      if (attempt === 600) throw error;
      await delay(50);
    }
  }
}
