import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { createServer as createTcpServer, type LookupFunction } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as tlsConnect } from "node:tls";
import { WebSocket, WebSocketServer } from "ws";
import { openLocalAuthority } from "../../src/host/certificates/local-authority.ts";
import { type Child, startChild } from "../../src/host/process.ts";
import { guideBlock } from "../fixtures/guide-block.ts";
import { startTestServer, type TestServer } from "../fixtures/test-server.ts";
import { tcpServer, untilClosed } from "../fixtures/tunnel-client.ts";

// The configurations of docs/guides/tls.md, as they stand there but for ports and paths, in front of the real server.

const app = "labs.example.com";
const portsDomain = "labs-ports.example.net";
const toLoopback = ((_name, options, done) =>
  options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4)) as LookupFunction;

const proxies = [
  { name: "nginx", program: "/usr/sbin/nginx", block: "nginx", start: startNginx },
  { name: "Caddy", program: "/usr/bin/caddy", block: "caddyfile", start: startCaddy },
];

for (const { name, program, block, start } of proxies) {
  const skip = existsSync(program) ? false : `no ${program}: install the packages of scripts/test-packages.txt`;
  describe(`behind ${name}`, { skip, timeout: 300_000 }, () => {
    let directory: string;
    let proxy: Child;
    let proxyPort = 0;
    let server: TestServer;
    let ca = "";

    before(async () => {
      directory = await mkdtemp(join(tmpdir(), "labyard-proxy-"));
      proxyPort = await freePort();
      server = await startTestServer(
        `listen: {port: 0, tls: false}\npublicUrl: https://${app}:${proxyPort}\nportsDomain: ${portsDomain}`,
      );
      await server.app.listen({ host: "127.0.0.1", port: 0 });
      const address = server.app.server.address();
      const upstream = typeof address === "object" && address !== null ? address.port : 0;
      const authority = await openLocalAuthority({
        certificate: join(directory, "ca.pem"),
        key: join(directory, "ca.key"),
      });
      ca = authority.certificatePem;
      const issued = await authority.issue({ dnsNames: [app, `*.${portsDomain}`] });
      await writeFile(join(directory, "fullchain.pem"), issued.certificatePem);
      await writeFile(join(directory, "privkey.pem"), issued.privateKeyPem, { mode: 0o644 });
      const config = (await guideBlock("tls.md", block))
        .replaceAll("/etc/letsencrypt/live/labs.example.com", directory)
        .replaceAll("127.0.0.1:8765", `127.0.0.1:${upstream}`);
      proxy = await start(directory, config, proxyPort);
      await untilListening(proxyPort, proxy);
    });
    after(async () => {
      await proxy?.stop();
      await server?.[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    });

    const ask = async (
      host: string,
      path: string,
      options: { method?: string; headers?: Record<string, string>; body?: string } = {},
    ) => {
      const request = httpsRequest({
        host,
        port: proxyPort,
        path,
        ca,
        lookup: toLoopback,
        agent: false,
        method: options.method ?? "GET",
        headers: { ...options.headers },
      });
      request.end(options.body);
      const [response] = (await once(request, "response")) as [IncomingMessage];
      let body = "";
      for await (const chunk of response) body += chunk;
      return { status: response.statusCode, headers: response.headers, body };
    };
    const post = (path: string, body: object) =>
      ask(app, path, {
        method: "POST",
        body: JSON.stringify(body),
        headers: { authorization: server.ann.authorization, "content-length": String(JSON.stringify(body).length) },
      });

    async function startPlay(tabs: object[] = []) {
      const reply = await post("/api/plays", {
        playground: "flexbox",
        tabs: [{ kind: "terminal", machine: "machine-01" }, ...tabs],
      });
      assert.equal(reply.status, 200, reply.body);
      const play = JSON.parse(reply.body) as { id: string; tabs: Array<{ url?: string }> };
      server.plays.becomeReady(play.id);
      return play;
    }

    test("HTTP/2 is not offered", async () => {
      const socket = tlsConnect({
        host: "127.0.0.1",
        port: proxyPort,
        servername: app,
        ca,
        ALPNProtocols: ["h2", "http/1.1"],
      });
      await once(socket, "secureConnect");
      assert.notEqual(socket.alpnProtocol, "h2");
      socket.destroy();
    });

    test("events and tunnels go through", async () => {
      const { id } = await startPlay();
      const conn = JSON.parse((await post(`/api/plays/${id}/conns`, {})).body) as { url: string };
      assert.match(conn.url, new RegExp(`^wss://${app}:${proxyPort}/`));
      const events = new WebSocket(conn.url, { ca, lookup: toLoopback });
      await once(events, "message");
      events.close();

      await using target = await tcpServer(socket =>
        socket.once("data", data => socket.end(`heard ${data.toString()}`)),
      );
      server.plays.listeners.set("machine-01:22", target.port);
      const tunnel = JSON.parse(
        (await post(`/api/plays/${id}/tunnels`, { machine: "machine-01", port: 0, generateLoginUrl: true })).body,
      ) as { url: string; loginUrl: string };
      assert.match(tunnel.url, new RegExp(`^https://${app}:${proxyPort}/api/gateway/`));
      const login = await ask(app, new URL(tunnel.loginUrl).pathname + new URL(tunnel.loginUrl).search);
      assert.match(String(login.headers["set-cookie"]), /^\.ixcondsess=.*; Secure$/);
      const cookie = String(login.headers["set-cookie"]).split(";")[0] ?? "";
      const socket = new WebSocket(`wss://${tunnel.url.replace(/^https:\/\//, "")}/tunnels/${btoa(":22")}`, {
        ca,
        lookup: toLoopback,
        headers: { cookie },
      });
      await once(socket, "open");
      const closed = untilClosed(socket);
      socket.send(Buffer.from("hello"));
      assert.deepEqual((({ code, bytes }) => [code, bytes.toString()])(await closed), [1000, "heard hello"]);
    });

    test("an exposed port has a name below the ports domain, sockets of its app work, and it learns who asks", async () => {
      const seen: IncomingMessage[] = [];
      const http = createServer((request, response) => {
        seen.push(request);
        response.end("from the app");
      });
      const sockets = new WebSocketServer({ server: http });
      sockets.on("connection", client => client.on("message", data => client.send(data)));
      await new Promise<void>(resolve => http.listen(0, "127.0.0.1", resolve));
      const address = http.address();
      server.plays.listeners.set("machine-01:8080", typeof address === "object" && address !== null ? address.port : 0);
      try {
        const play = await startPlay([
          { kind: "http-port", name: "App", machine: "machine-01", number: 8080, access: "public" },
        ]);
        const url = new URL(play.tabs[1]?.url ?? "");
        assert.equal(url.protocol, "https:");
        assert.ok(url.hostname.endsWith(`.${portsDomain}`));
        const reply = await ask(url.hostname, "/", {
          headers: { "x-forwarded-for": "6.6.6.6", "x-forwarded-proto": "ftp" },
        });
        assert.equal(reply.body, "from the app");
        assert.equal(seen[0]?.headers["x-forwarded-for"], "127.0.0.1");
        assert.equal(seen[0]?.headers["x-forwarded-proto"], "https");
        const socket = new WebSocket(`wss://${url.host}/`, { ca, lookup: toLoopback });
        await once(socket, "open");
        socket.send("echo");
        const [echo] = (await once(socket, "message")) as [Buffer];
        assert.equal(echo.toString(), "echo");
        socket.close();
      } finally {
        sockets.close();
        http.closeAllConnections();
        http.close();
      }
    });

    test("a foreign name gets nothing", async () => {
      const request = httpsRequest({
        host: "127.0.0.1",
        port: proxyPort,
        path: "/api/health",
        servername: app,
        ca,
        agent: false,
        headers: { host: "evil.example" },
      });
      request.end();
      const [response] = (await once(request, "response")) as [IncomingMessage];
      let body = "";
      for await (const chunk of response) body += chunk;
      assert.doesNotMatch(body, /labyard"/);
    });
  });
}

test("a forwarding header from anywhere but loopback changes nothing", async () => {
  await using server = await startTestServer(`publicUrl: https://${app}`);
  const ask = (remoteAddress: string, forwarded: string) =>
    server.request({
      method: "POST",
      url: "/api/sessions",
      remoteAddress,
      headers: { host: app, "x-forwarded-for": forwarded },
    });
  const statuses = [];
  for (let count = 0; count < 25; count++) statuses.push((await ask("203.0.113.9", `198.51.100.${count}`)).statusCode);
  assert.ok(statuses.includes(429), "a stranger's header does not make another stranger of them");
  assert.equal((await ask("127.0.0.1", "198.51.100.77")).statusCode, 200);
});

async function startNginx(directory: string, config: string, port: number): Promise<Child> {
  const file = join(directory, "nginx.conf");
  await mkdir(join(directory, "tmp"));
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map(name => `${name}_temp_path ${directory}/tmp/${name};`)
    .join("\n");
  await writeFile(
    file,
    `daemon off;\npid ${directory}/nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${temporary}\n` +
      `${config.replace("listen 443 ssl;", `listen 127.0.0.1:${port} ssl;`)}}\n` +
      (process.getuid?.() === 0 ? "user root;\n" : ""),
  );
  return startChild(["/usr/sbin/nginx", "-e", "stderr", "-p", directory, "-c", file]);
}

async function startCaddy(directory: string, config: string, port: number): Promise<Child> {
  const file = join(directory, "Caddyfile");
  // Nothing but the one port: no redirects from 80, no control socket, no certificates from anywhere.
  const global = `{\nadmin off\nauto_https off\nhttps_port ${port}\ndefault_bind 127.0.0.1\n`;
  const names = `https://${app}:${port}, https://*.${portsDomain}:${port}`;
  await writeFile(file, config.replace("{\n", global).replace(`${app}, *.${portsDomain}`, names));
  const env = { ...process.env, HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory };
  return startChild(["/usr/bin/caddy", "run", "--config", file, "--adapter", "caddyfile"], { env });
}

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise(resolve => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function untilListening(port: number, proxy: Child): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const socket = tlsConnect({ host: "127.0.0.1", port, rejectUnauthorized: false, servername: app });
    const isUp = await Promise.race([
      once(socket, "secureConnect").then(() => true),
      sleep(1000).then(() => false),
    ]).catch(() => false);
    socket.on("error", () => {}).destroy();
    if (isUp) return;
    await sleep(50);
  }
  throw new Error(`the proxy does not listen:\n${proxy.stderrTail()}`);
}
