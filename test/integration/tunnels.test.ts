import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { WebSocket } from "ws";
import type { Tunnel } from "../../src/api/contract/tunnels.ts";
import { Problem, type ProblemJson } from "../../src/api/problems.ts";
import { forwardLocal, forwardRemote } from "../../src/cli/tunnel/forward.ts";
import { openLocalAuthority } from "../../src/host/certificates/local-authority.ts";
import { createLog } from "../../src/lib/log.ts";
import { createSshKeyPair } from "../../src/lib/ssh-key-pair.ts";
import { parseConfig } from "../../src/server/config.ts";
import { listenTls, type TlsListener } from "../../src/server/tls/tls-listener.ts";
import { authorityFiles } from "../../src/store/paths.ts";
import { startTestServer, type TestPerson, type TestServer } from "../fixtures/test-server.ts";
import { typescriptLabctl } from "../labctl/labctl.ts";
import { eventually } from "../labctl/step.ts";
import { dialTunnel, handshakeStatus, type OpenTunnel, tcpServer, untilClosed } from "../fixtures/tunnel-client.ts";

// The tunnel protocol byte by byte, over TLS, against the real server and the runner's own code; only the machines are
// missing: their ports are local ones.

const { publicKey } = createSshKeyPair("ann@laptop");

describe("tunnels", { timeout: 600_000 }, () => {
  let directory: string;
  let server: TestServer;
  let httpPort = 0;
  let tls: TlsListener;
  let ca = "";
  let playId = "";

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "labyard-tunnels-"));
    server = await startTestServer("listen: {port: 0}", { tunnelHoldMs: 1500 });
    await server.app.listen({ host: "127.0.0.1", port: 0 });
    const address = server.app.server.address();
    httpPort = typeof address === "object" && address !== null ? address.port : 0;
    const paths = { home: directory, runtime: directory };
    const log = createLog("test", "silent");
    tls = (await listenTls({ paths, config: parseConfig("listen: {tls: {port: 0}}"), log, server })) as TlsListener;
    ca = (await openLocalAuthority(authorityFiles(paths))).certificatePem;
    playId = await startPlay();
    server.plays.becomeReady(playId);
  });
  after(async () => {
    tls?.[Symbol.dispose]();
    await server?.[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  async function startPlay(machines: object[] = machinesOf({})): Promise<string> {
    const reply = await post("/api/plays", {
      playground: "flexbox",
      machines,
      tabs: [{ kind: "terminal", machine: "m1" }],
    });
    assert.equal(reply.statusCode, 200, reply.body);
    return reply.json<{ id: string }>().id;
  }

  const post = (url: string, body: object, as: TestPerson = server.ann) =>
    // No content type, like the official client.
    server.request({
      as,
      method: "POST",
      url,
      payload: JSON.stringify(body),
      headers: { host: `127.0.0.1:${httpPort}` },
    });

  const body = (machine = "m1") => ({
    machine,
    port: 0,
    access: "private",
    generateLoginUrl: true,
    sshUser: "",
    sshPubKey: "",
  });

  async function openTunnel(id = playId, more: object = {}, as = server.ann): Promise<OpenTunnel> {
    const reply = await post(`/api/plays/${id}/tunnels`, { ...body(), ...more }, as);
    assert.equal(reply.statusCode, 200, reply.body);
    return login(reply.json<Tunnel>());
  }

  async function login(tunnel: Tunnel): Promise<OpenTunnel> {
    const response = await fetch(tunnel.loginUrl ?? "", { redirect: "manual" });
    assert.equal(response.status, 200);
    const [, cookie = ""] = /^\.ixcondsess=([A-Za-z0-9_-]+);/.exec(response.headers.get("set-cookie") ?? "") ?? [];
    assert.notEqual(cookie, "");
    return { place: tunnel.url.replace(/^.*?:\/\//, ""), cookie, ca };
  }

  test("the reply is what the official client needs, and the login URL can be asked again", async () => {
    const reply = await post(`/api/plays/${playId}/tunnels`, body());
    const tunnel = reply.json<{ url: string; loginUrl: string }>();
    assert.match(tunnel.url, new RegExp(`^https://127\\.0\\.0\\.1:${tls.port}/api/gateway/[0-9a-f]{24}$`));
    assert.match(tunnel.loginUrl, new RegExp(`^http://127\\.0\\.0\\.1:${httpPort}/`));
    const cookies = [];
    for (let attempt = 0; attempt < 3; attempt++) cookies.push((await login(tunnel)).cookie);
    assert.equal(new Set(cookies).size, 1);
    const { headers } = await fetch(tunnel.loginUrl);
    assert.match(headers.get("set-cookie") ?? "", /; Path=\/api\/gateway\/[0-9a-f]{24}; HttpOnly; SameSite=Strict$/);
    server.advance(6 * 60_000);
    assert.equal((await fetch(tunnel.loginUrl)).status, 403);
    assert.equal((await fetch(tunnel.loginUrl.replace(/ticket=.*/, "ticket=guess"))).status, 403);
  });

  test("bytes go both ways and nothing is lost at the ends", async () => {
    const sum = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
    const sent = randomBytes(5_000_000);
    // Answers with everything it heard once it has heard enough, then ends.
    await using target = await tcpServer(socket => {
      const chunks: Buffer[] = [];
      let size = 0;
      socket.on("data", chunk => {
        chunks.push(chunk);
        size += chunk.length;
        if (size === sent.length) socket.end(Buffer.concat(chunks));
      });
    });
    server.plays.listeners.set("m1:4000", target.port);
    const tunnel = await openTunnel();
    for (const payload of [":4000", "m1:4000", "dial:m1:4000"]) {
      const socket = dialTunnel(tunnel, payload);
      await once(socket, "open");
      const received = untilClosed(socket);
      for (let at = 0; at < sent.length; at += 1024) socket.send(sent.subarray(at, at + 1024));
      const { code, bytes } = await received;
      assert.equal(code, 1000);
      assert.equal(sum(bytes), sum(sent), payload);
    }
  });

  test("the client's last bytes reach the target although it closes at once", async () => {
    const heard = Promise.withResolvers<number>();
    await using target = await tcpServer(socket => {
      let size = 0;
      // Takes its time.
      setTimeout(() => socket.on("data", chunk => (size += chunk.length)).once("end", () => heard.resolve(size)), 300);
    });
    server.plays.listeners.set("m1:4001", target.port);
    const socket = dialTunnel(await openTunnel(), ":4001");
    await once(socket, "open");
    for (let count = 0; count < 30; count++) socket.send(Buffer.alloc(100_000));
    socket.close();
    assert.equal(await heard.promise, 3_000_000);
  });

  test("a client that vanishes ends the connection to the target", async () => {
    const ended = Promise.withResolvers<void>();
    await using target = await tcpServer(socket => {
      socket.resume();
      socket.once("close", () => ended.resolve());
      socket.once("end", () => socket.end());
    });
    server.plays.listeners.set("m1:4002", target.port);
    const socket = dialTunnel(await openTunnel(), ":4002");
    await once(socket, "open");
    socket.terminate();
    await ended.promise;
  });

  test("two hundred connections through one tunnel at once", async () => {
    await using target = await tcpServer(socket => socket.pipe(socket));
    server.plays.listeners.set("m1:4003", target.port);
    const tunnel = await openTunnel();
    const sockets = Array.from({ length: 200 }, () => dialTunnel(tunnel, ":4003"));
    await Promise.all(sockets.map(socket => once(socket, "open")));
    const answers = await Promise.all(
      sockets.map(async (socket, index) => {
        socket.send(Buffer.from(`number ${index}`));
        const [data] = (await once(socket, "message")) as [Buffer];
        return data.toString() === `number ${index}`;
      }),
    );
    assert.equal(answers.filter(Boolean).length, 200);
    for (const socket of sockets) socket.close();
  });

  test("a reader that does not read holds the writer back, on both sides", async () => {
    let taken = 0;
    const chunk = Buffer.alloc(64 * 1024);
    await using fountain = await tcpServer(socket => {
      const pour = () => {
        while (socket.writable && socket.write(chunk)) taken += chunk.length;
        taken += chunk.length;
      };
      socket.on("drain", pour);
      pour();
    });
    server.plays.listeners.set("m1:4004", fountain.port);
    const tunnel = await openTunnel();
    const reader = dialTunnel(tunnel, ":4004");
    await once(reader, "open");
    reader.pause();
    const settled = await whenStill(() => taken);
    assert.ok(settled < 64 * 1024 * 1024, `${settled} bytes were taken from the target of a silent reader`);
    reader.resume();
    await until(() => taken > settled + 32 * 1024 * 1024, "the flow goes on");
    reader.terminate();

    await using deaf = await tcpServer(socket => socket.pause());
    server.plays.listeners.set("m1:4005", deaf.port);
    const writer = dialTunnel(tunnel, ":4005");
    await once(writer, "open");
    for (let count = 0; count < 1000; count++) writer.send(chunk);
    const unsent = await whenStill(() => writer.bufferedAmount);
    assert.ok(unsent > 16 * 1024 * 1024, `only ${unsent} bytes stayed with a writer whose target is deaf`);
    writer.terminate();
  });

  test("what is refused is refused before the upgrade", async () => {
    const tunnel = await openTunnel();
    const status = (payload: string, options = {}) => handshakeStatus(dialTunnel(tunnel, payload, options));
    assert.equal(await status(":4999"), 502, "nothing listens");
    assert.equal(await status("no port"), 400);
    assert.equal(await status(":70000"), 400);
    assert.equal(await status("unix:/run/docker.sock"), 400);
    assert.equal(await status("connect:0123456789abcdef0123456789abcdef"), 404);
    assert.equal(await status("connect:../../etc/passwd"), 400);
    const raw = (suffix: string) =>
      handshakeStatus(dialTunnel({ ...tunnel, place: `${tunnel.place}/tunnels/${suffix}` }, "").on("error", () => {}));
    assert.equal(await raw("%%%"), 400);

    assert.equal(await status(":4003", { cookie: ".ixcondsess=guess" }), 403);
    assert.equal(await status(":4003", { cookie: `ixcondsess=${tunnel.cookie}` }), 403);
    assert.equal(await status(":4003", { cookie: `x.ixcondsess=${tunnel.cookie}` }), 403);
    assert.equal(await status(":4003", { headers: { origin: "https://evil.example" } }), 403);
    assert.equal(await status(":4003", { headers: { origin: `https://127.0.0.1:${tls.port}` } }), 403);
    assert.equal(await status(":4003", { headers: { host: "evil.example" } }), 403);
    const other = { ...tunnel, place: tunnel.place.replace(/[0-9a-f]{24}$/, "0".repeat(24)) };
    assert.equal(await handshakeStatus(dialTunnel(other, ":4003")), 403);
    const second = await openTunnel();
    assert.equal(await handshakeStatus(dialTunnel({ ...tunnel, cookie: second.cookie }, ":4003")), 403);
  });

  test("a cookie among others is found, a percent-encoded payload is read", async () => {
    await using target = await tcpServer(socket => socket.end("hello"));
    server.plays.listeners.set("m1:4006", target.port);
    const tunnel = await openTunnel();
    const cookie = `a=b; .ixcondsess=${tunnel.cookie}; labyard_session_1=c`;
    assert.equal((await untilClosed(dialTunnel(tunnel, ":4006", { cookie }))).bytes.toString(), "hello");
    const encoded = encodeURIComponent(Buffer.from("m1:4006").toString("base64"));
    assert.match(encoded, /%3D/);
    const { default: WebSocketClient } = await import("ws");
    const socket = new WebSocketClient(`wss://${tunnel.place}/tunnels/${encoded}`, { ca, headers: { cookie } });
    assert.equal((await untilClosed(socket)).bytes.toString(), "hello");
  });

  test("text on a data socket is an error", async () => {
    const ended = Promise.withResolvers<void>();
    await using target = await tcpServer(socket => socket.resume().once("end", () => ended.resolve()));
    server.plays.listeners.set("m1:4007", target.port);
    const socket = dialTunnel(await openTunnel(), ":4007");
    await once(socket, "open");
    const closed = untilClosed(socket);
    socket.send("text");
    assert.equal((await closed).code, 1003);
    await ended.promise;
  });

  test("a message beyond all measure ends the socket", async () => {
    await using target = await tcpServer(socket => socket.resume());
    server.plays.listeners.set("m1:4008", target.port);
    const socket = dialTunnel(await openTunnel(), ":4008");
    await once(socket, "open");
    const closed = untilClosed(socket);
    socket.send(Buffer.alloc(2 * 1024 * 1024));
    assert.notEqual((await closed).code, 1000);
  });

  test("a target that breaks off closes the socket", async () => {
    await using target = await tcpServer(socket => setTimeout(() => socket.resetAndDestroy(), 50));
    server.plays.listeners.set("m1:4009", target.port);
    const socket = dialTunnel(await openTunnel(), ":4009");
    assert.notEqual((await untilClosed(socket)).code, 1006);
  });

  describe("reverse", () => {
    const announced = async (control: WebSocket) => {
      const [data, isBinary] = (await once(control, "message")) as [Buffer, boolean];
      assert.equal(isBinary, false);
      const message = JSON.parse(data.toString()) as { type: string; cid: string };
      assert.equal(message.type, "connect");
      assert.match(message.cid, /^[0-9a-f]{32}$/);
      return message.cid;
    };
    const listen = async (tunnel: OpenTunnel, address: string) => {
      const control = dialTunnel(tunnel, `listen:${address}`);
      await once(control, "open");
      return control;
    };
    const guestConnects = (port: number) => connect({ host: "127.0.0.1", port, allowHalfOpen: true });

    test("a connection inside the machine is announced and fetched", async () => {
      const tunnel = await openTunnel();
      const control = await listen(tunnel, ":9000");
      assert.ok(server.plays.calls.includes("listen 0.0.0.0:9000"));
      const guest = guestConnects(server.plays.reverse.get("m1:9000") ?? 0);
      guest.write("hello from the guest");
      const data = dialTunnel(tunnel, `connect:${await announced(control)}`);
      const [hello] = (await once(data, "message")) as [Buffer];
      assert.equal(hello.toString(), "hello from the guest");
      data.send(Buffer.from("hello yourself"));
      const [answer] = (await once(guest, "data")) as [Buffer];
      assert.equal(answer.toString(), "hello yourself");
      guest.end();
      assert.equal((await untilClosed(data)).code, 1000);
      control.close();
      await until(() => !server.plays.reverse.has("m1:9000"), "the port is closed with its control socket");
    });

    test("a port that is taken is refused with 409, another machine's connection with 404", async () => {
      const tunnel = await openTunnel();
      const control = await listen(tunnel, "0.0.0.0:9001");
      assert.equal(await handshakeStatus(dialTunnel(tunnel, "listen:0.0.0.0:9001")), 409);
      guestConnects(server.plays.reverse.get("m1:9001") ?? 0).on("error", () => {});
      const id = await announced(control);
      const elsewhere = await openTunnel(playId, { machine: "m2" });
      assert.equal(await handshakeStatus(dialTunnel(elsewhere, `connect:${id}`)), 404);
      const data = dialTunnel(tunnel, `connect:${id}`);
      await once(data, "open");
      assert.equal(await handshakeStatus(dialTunnel(tunnel, `connect:${id}`)), 404, "it can be fetched once");
      data.terminate();
      control.close();
    });

    test("parked connections end with their control socket, or after a while", async () => {
      const tunnel = await openTunnel();
      const control = await listen(tunnel, ":9002");
      const port = server.plays.reverse.get("m1:9002") ?? 0;
      const late = guestConnects(port);
      const id = await announced(control);
      const startedAt = performance.now();
      await once(late.resume(), "end");
      assert.ok(performance.now() - startedAt > 14_000);
      assert.equal(await handshakeStatus(dialTunnel(tunnel, `connect:${id}`)), 404);

      const dropped = guestConnects(port);
      dropped.on("error", () => {});
      await announced(control);
      control.terminate();
      await once(dropped.resume(), "end");
    });

    test("a flood of connections that nobody fetches is bounded", async () => {
      const control = await listen(await openTunnel(), ":9003");
      let count = 0;
      control.on("message", () => count++);
      const port = server.plays.reverse.get("m1:9003") ?? 0;
      const guests = Array.from({ length: 300 }, () => guestConnects(port).on("error", () => {}));
      let refused = 0;
      for (const guest of guests) guest.resume().once("end", () => refused++);
      await until(() => count + refused >= 300, "all are answered for");
      assert.equal(count, 256);
      control.terminate();
      for (const guest of guests) guest.destroy();
    });
  });

  test("our own client forwards both ways, and each side learns when the other has finished", async () => {
    const tunnel = await openTunnel();
    const client = { dial: (payload: string) => dialTunnel(tunnel, payload) };
    const warnings: string[] = [];
    const warn = (line: string) => void warnings.push(line);
    // Answers only when it has heard the end of the question: by a marker, since the tunnel has no half-closed end.
    await using target = await tcpServer(socket =>
      socket.on("data", data => data.toString().endsWith("?") && socket.end("answer")),
    );
    server.plays.listeners.set("m1:4020", target.port);
    using local = await forwardLocal(client, { remotePort: 4020 }, warn);
    const asker = connect({ host: "127.0.0.1", port: local.port, allowHalfOpen: true });
    asker.end("question?");
    const [answer] = (await once(asker, "data")) as [Buffer];
    assert.equal(answer.toString(), "answer");
    await once(asker, "end");

    using refused = await forwardLocal(client, { remotePort: 4999 }, warn);
    const unlucky = connect({ host: "127.0.0.1", port: refused.port });
    unlucky.on("error", () => {}).resume();
    await once(unlucky, "close");
    assert.match(warnings[0] ?? "", /nothing listens on m1:4999/);

    await using here = await tcpServer(socket => socket.end("from here"));
    using remote = await forwardRemote(client, { remotePort: 9010, localPort: here.port }, warn);
    assert.equal(remote.port, 9010);
    const guest = connect({ host: "127.0.0.1", port: server.plays.reverse.get("m1:9010") ?? 0 });
    let heard = "";
    guest.on("data", chunk => (heard += chunk.toString()));
    await once(guest, "end");
    assert.equal(heard, "from here");
    await assert.rejects(forwardRemote(client, { remotePort: 9010, localPort: here.port }, warn), {
      code: "access/listen-refused",
    });
  });

  test("the ssh key is in place before the reply", async () => {
    const count = server.plays.keys.length;
    await openTunnel(playId, { sshUser: "dev", sshPubKey: publicKey });
    assert.deepEqual(server.plays.keys.slice(count), [{ machine: "m1", user: "dev", key: publicKey.trim() }]);
    await openTunnel(playId, { sshUser: "root", sshPubKey: publicKey });
    assert.equal(server.plays.keys.at(-1)?.user, "root");
  });

  test("bad requests say what is wrong", async () => {
    const ask = async (more: object, as = server.ann) => {
      const reply = await post(`/api/plays/${playId}/tunnels`, { ...body(), ...more }, as);
      return [reply.statusCode, reply.json<ProblemJson>().error] as const;
    };
    assert.match((await ask({ sshUser: "eve", sshPubKey: publicKey }))[1], /no user "eve"/);
    assert.equal((await ask({ sshUser: "eve", sshPubKey: publicKey }))[0], 400);
    assert.deepEqual((await ask({ machine: "quiet", sshUser: "root", sshPubKey: publicKey }))[0], 400);
    assert.equal((await ask({ machine: "nope" }))[0], 404);
    assert.equal((await ask({ sshUser: "root" }))[0], 400);
    assert.equal((await ask({ sshPubKey: publicKey }))[0], 400);
    for (const key of [
      "nonsense",
      `command="id" ${publicKey}`,
      `${publicKey}\n${publicKey}`,
      `${publicKey.trim()}\nPermitRootLogin yes`,
    ]) {
      assert.equal((await ask({ sshUser: "root", sshPubKey: key }))[0], 400, key);
    }
    assert.equal((await ask({ port: 22 }))[0], 400);
    assert.equal((await ask({ access: "public" }))[0], 400);
    assert.equal((await ask({}, server.bob))[0], 404);
    assert.equal((await openTunnel(playId, { machine: "quiet" })).place.length > 0, true, "forwards do not need ssh");
  });

  test("a request waits for its machine; 503 comes late, and a stopped play at once", async () => {
    const id = await startPlay();
    const startedAt = performance.now();
    const held = await post(`/api/plays/${id}/tunnels`, body());
    assert.equal(held.statusCode, 503);
    assert.equal(held.json<ProblemJson>().code, "access/machine-booting");
    assert.ok(performance.now() - startedAt >= 1400);

    const waiting = openTunnel(id);
    setTimeout(() => server.plays.becomeReady(id), 200);
    await waiting;

    server.plays.failures.set("authorizeKey", new Problem("provisioning/connection-lost"));
    const twice = openTunnel(id, { sshUser: "root", sshPubKey: publicKey });
    await twice;

    await post(`/api/plays/${id}/actions`, { action: "stop" });
    const stopped = await post(`/api/plays/${id}/tunnels`, body());
    assert.equal(stopped.statusCode, 409);
    assert.match(stopped.json<ProblemJson>().error, /STOPPED/);
  });

  test("a client that meets several holds in a row gets its tunnel when the machine is ready", async () => {
    await using target = await tcpServer(socket => socket.end("from the machine"));
    server.plays.listeners.set("m1:4020", target.port);
    const id = await startPlay();
    const [, pair = ""] = server.ann.authorization.split(" ");
    const [sessionId = "", accessToken = ""] = Buffer.from(pair, "base64").toString().split(":");
    const env = { IXIMIUZ_SESSION_ID: sessionId, IXIMIUZ_ACCESS_TOKEN: accessToken };
    const { certificate: caFile } = authorityFiles({ home: directory, runtime: directory });
    const labctl = typescriptLabctl({ home: directory, caFile }, { secondMs: 200 });
    const { port: localPort } = await tcpServer(() => undefined).then(async free => {
      await free[Symbol.asyncDispose]();
      return free;
    });
    const endpoint = `http://127.0.0.1:${httpPort}`;
    const running = labctl.start(["--endpoint", endpoint, "port-forward", id, "-L", `${localPort}:4020`], { env });
    try {
      const refusals = () => running.stderr().split("Waiting for the machine").length - 1;
      await eventually(60_000, async () => assert.ok(refusals() >= 2, running.stderr()));
      server.plays.becomeReady(id);
      await eventually(60_000, async () => assert.equal(await readAll(localPort), "from the machine"));
    } finally {
      await running.stop();
    }
  });

  test("a machine that was switched off is an answer, one that is being restarted is waited for", async () => {
    const id = await startPlay();
    server.plays.becomeReady(id);
    server.plays.switchOff(id, "m1");
    const off = await post(`/api/plays/${id}/tunnels`, body());
    assert.equal(off.statusCode, 409);
    assert.match(off.json<ProblemJson>().error, /"m1" is STOPPED/);
    assert.match(off.json<ProblemJson>().hint ?? "", new RegExp(`machine restart ${id} m1`));

    const waiting = openTunnel(id);
    setTimeout(() => server.plays.becomeReady(id), 200);
    await waiting;
  });

  test("a tunnel ends with its play and with the login that opened it", async () => {
    await using target = await tcpServer(socket => socket.pipe(socket));
    server.plays.listeners.set("m1:4010", target.port);
    const id = await startPlay();
    server.plays.becomeReady(id);
    const ofPlay = await openTunnel(id);
    assert.equal(await handshakeStatus(dialTunnel(ofPlay, ":4010")), 101);
    await post(`/api/plays/${id}/actions`, { action: "destroy" });
    assert.equal(await handshakeStatus(dialTunnel(ofPlay, ":4010")), 403);

    const { session, secret } = await server.accounts.createSession("client", "ann", { userAgent: "test" });
    const visitor = { id: "ann", authorization: `Basic ${btoa(`${session.id}:${secret}`)}` };
    const ofSession = await openTunnel(playId, {}, visitor);
    const open = dialTunnel(ofSession, ":4010");
    await once(open, "open");
    const ends = once(open, "close");
    await server.accounts.endSession(session.id);
    assert.equal(await handshakeStatus(dialTunnel(ofSession, ":4010")), 403);
    await ends;

    const token = (await post("/api/oauth/tokens", { name: "t", scope: ["playground:write"] })).json<{
      id: string;
      accessToken: string;
    }>();
    const bearer = { id: "ann", authorization: `Bearer ${token.accessToken}` };
    const ofToken = await openTunnel(playId, {}, bearer);
    assert.equal(await handshakeStatus(dialTunnel(ofToken, ":4010")), 101);
    await server.request({ as: server.ann, method: "DELETE", url: `/api/oauth/tokens/${token.id}` });
    assert.equal(await handshakeStatus(dialTunnel(ofToken, ":4010")), 403);
  });

  test("the database holds no secret of a tunnel", async () => {
    const tunnel = await openTunnel();
    const rows = JSON.stringify(await server.database.selectFrom("tunnels").selectAll().execute());
    assert.ok(!rows.includes(tunnel.cookie));
    assert.ok(rows.includes(createHash("sha256").update(tunnel.cookie).digest("hex")));
  });

  test("port forwards are remembered once, listed in order and removed by index", async () => {
    const id = await startPlay();
    const url = `/api/plays/${id}/port-forwards`;
    const list = async () => (await server.request({ as: server.ann, method: "GET", url })).json<object[]>();
    const web = {
      kind: "local",
      machine: "m1",
      localHost: "127.0.0.1",
      localPort: 8080,
      remoteHost: "",
      remotePort: 80,
    };
    assert.equal((await post(url, web)).statusCode, 200);
    assert.equal((await post(url, web)).statusCode, 200);
    assert.equal(
      (await post(url, { kind: "remote", machine: "m2", localPort: 3000, remotePort: 9000 })).statusCode,
      200,
    );
    for (const localPort of [40001, 40002]) {
      await post(url, { kind: "local", machine: "m1", localHost: "127.0.0.1", localPort, remotePort: 22 });
    }
    assert.deepEqual(await list(), [
      { kind: "local", machine: "m1", localHost: "127.0.0.1", localPort: 8080, remotePort: 80 },
      { kind: "remote", machine: "m2", localPort: 3000, remotePort: 9000 },
      { kind: "local", machine: "m1", localHost: "127.0.0.1", localPort: 40002, remotePort: 22 },
    ]);
    const remove = async (index: string) =>
      (await server.request({ as: server.ann, method: "DELETE", url: `${url}/${index}` })).statusCode;
    assert.equal(await remove("1"), 200);
    assert.equal((await list()).length, 2);
    assert.deepEqual([await remove("2"), await remove("-1"), await remove("x")], [404, 404, 404]);

    assert.equal((await post(url, { ...web, machine: "nope" })).statusCode, 404);
    assert.equal((await post(url, { ...web, remotePort: 70000 })).statusCode, 400);
    assert.equal((await post(url, { ...web, remotePort: 0 })).statusCode, 400);
    assert.equal((await post(url, { ...web, kind: "up" })).statusCode, 400);
    assert.equal((await post(url, { ...web, localHost: "a b" })).statusCode, 400);
    assert.equal((await post(url, web, server.bob)).statusCode, 404);
    for (let port = 1; port <= 48; port++) assert.equal((await post(url, { ...web, localPort: port })).statusCode, 200);
    assert.equal((await post(url, { ...web, localPort: 49 })).statusCode, 409);
  });

  test("a new play remembers the forwards of its manifest", async () => {
    const reply = await post("/api/playgrounds", {
      name: "with-forwards",
      base: "flexbox",
      title: "With forwards",
      machines: machinesOf({}),
      networks: [{ name: "local", subnet: "172.16.0.0/24" }],
      tabs: [{ kind: "terminal", machine: "m1" }],
      portForwards: [{ kind: "local", machine: "m1", localport: 8080, remoteport: 80 }],
      accessControl: { canList: ["owner"], canRead: ["owner"], canStart: ["owner"] },
    });
    assert.equal(reply.statusCode, 200, reply.body);
    const play = await post("/api/plays", { playground: reply.json<{ name: string }>().name });
    const { id } = play.json<{ id: string }>();
    const saved = await server.request({ as: server.ann, method: "GET", url: `/api/plays/${id}/port-forwards` });
    assert.deepEqual(saved.json(), [{ kind: "local", machine: "m1", localPort: 8080, remotePort: 80 }]);
  });

  test("plain http takes tunnels too, for clients on this machine", async () => {
    await using target = await tcpServer(socket => socket.end("plain"));
    server.plays.listeners.set("m1:4011", target.port);
    const tunnel = await openTunnel();
    const { default: WebSocketClient } = await import("ws");
    const place = tunnel.place.replace(`:${tls.port}`, `:${httpPort}`);
    const socket = new WebSocketClient(`ws://${place}/tunnels/${btoa(":4011")}`, {
      headers: { cookie: `.ixcondsess=${tunnel.cookie}` },
    });
    assert.equal((await untilClosed(socket)).bytes.toString(), "plain");
  });

  test("a client that gives up waiting is forgotten", async () => {
    const id = await startPlay();
    const ask = httpRequest({
      host: "127.0.0.1",
      port: httpPort,
      method: "POST",
      path: `/api/plays/${id}/tunnels`,
      headers: { authorization: server.ann.authorization },
    });
    ask.on("error", () => {});
    ask.end(JSON.stringify(body()));
    await new Promise(resolve => setTimeout(resolve, 100));
    ask.destroy();
    server.plays.becomeReady(id);
    await openTunnel(id);
  });
});

function machinesOf(more: object): object[] {
  const machine = (name: string, extra: object = {}) => ({
    name,
    users: [{ name: "root" }, { name: "dev", default: true }],
    drives: [{ source: "debian-12", mount: "/", size: "2GiB" }],
    network: { interfaces: [{ network: "local" }] },
    resources: { cpuCount: 1, ramSize: "256MiB" },
    ...more,
    ...extra,
  });
  return [machine("m1"), machine("m2"), machine("quiet", { noSSH: true })];
}

/** Everything a listener of this host says until it closes. */
async function readAll(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let said = "";
  for await (const chunk of socket) said += String(chunk);
  return said;
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within 30 s: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

/** The value once it has not changed for half a second. */
async function whenStill(value: () => number): Promise<number> {
  for (let last = value(); ; ) {
    await new Promise(resolve => setTimeout(resolve, 500));
    if (value() === last) return last;
    last = value();
  }
}
