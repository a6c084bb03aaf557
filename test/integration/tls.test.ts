import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type TLSSocket } from "node:tls";
import type { Problem } from "../../src/api/problems.ts";
import { type LocalAuthority, openLocalAuthority } from "../../src/host/certificates/local-authority.ts";
import { createLog } from "../../src/lib/log.ts";
import { parseConfig } from "../../src/server/config.ts";
import { listenTls, type TlsListener } from "../../src/server/tls/tls-listener.ts";
import { authorityFiles } from "../../src/store/paths.ts";
import { startTestServer, type TestServer } from "../fixtures/test-server.ts";

const log = createLog("test", "silent");

describe("TLS beside plain HTTP", { timeout: 300_000 }, () => {
  let directory: string;
  let authority: LocalAuthority;
  const paths = () => ({ home: directory, runtime: directory });

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "labyard-tls-"));
    authority = await openLocalAuthority(authorityFiles(paths()));
  });
  after(() => rm(directory, { recursive: true }));

  async function listen(server: TestServer, config: string, checkMs?: number): Promise<TlsListener> {
    await server.app.listen({ host: "127.0.0.1", port: 0 });
    const listener = await listenTls({
      paths: paths(),
      config: parseConfig(config),
      log,
      server,
      ...(checkMs === undefined ? {} : { checkMs }),
    });
    assert.ok(listener);
    return listener;
  }

  async function peer(port: number, servername: string, ca = authority.certificatePem): Promise<X509Certificate> {
    const socket: TLSSocket = connect({ host: "127.0.0.1", port, servername, ca, ALPNProtocols: ["h2", "http/1.1"] });
    await once(socket, "secureConnect");
    assert.equal(socket.alpnProtocol, "http/1.1");
    const certificate = new X509Certificate(socket.getPeerCertificate().raw);
    socket.destroy();
    return certificate;
  }

  async function ask(
    port: number,
    path: string,
    { host = `localhost:${port}`, method = "GET", headers = {}, body = "" } = {},
  ): Promise<{ status: number | undefined; headers: IncomingMessage["headers"]; body: string }> {
    const asked = request({
      host: "127.0.0.1",
      port,
      path,
      method,
      servername: host.replace(/:\d+$/, ""),
      ca: authority.certificatePem,
      agent: false,
      headers: { host, ...headers },
    });
    asked.end(body);
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    let text = "";
    for await (const chunk of response) text += chunk;
    return { status: response.statusCode, headers: response.headers, body: text };
  }

  test("the installation's own certificate is for loopback, HTTP/2 is not offered", async () => {
    await using server = await startTestServer("listen: {port: 0}");
    using listener = await listen(server, "listen: {tls: {port: 0, names: [labs.lan]}}");
    for (const name of ["localhost", "0123456789abcdef01234567-abcdef.localhost", "labs.lan"]) {
      const certificate = await peer(listener.port, name);
      assert.ok(certificate.checkHost(name), name);
      assert.ok(Date.parse(certificate.validTo) - Date.now() < 399 * 24 * 60 * 60_000);
    }
    await assert.rejects(peer(listener.port, "elsewhere.example"));
  });

  test("a browser's login over TLS gets the strict cookie and keeps its own origin", async () => {
    await using server = await startTestServer("listen: {port: 0}");
    using listener = await listen(server, "listen: {tls: {port: 0}}");
    const { code } = await server.accounts.createLoginCode(server.owner.id);
    const origin = `https://localhost:${listener.port}`;
    const login = await ask(listener.port, "/api/auth/login", {
      method: "POST",
      headers: { origin },
      body: JSON.stringify({ code }),
    });
    assert.equal(login.status, 200, login.body);
    const cookie = String(login.headers["set-cookie"]);
    assert.match(cookie, /^__Host-labyard_session=.*; Secure$/);
    assert.equal(login.headers["strict-transport-security"], undefined, "it would close plain HTTP on every port");
    const me = await ask(listener.port, "/api/auth/me", { headers: { cookie: cookie.split(";")[0] ?? "" } });
    assert.equal(me.status, 200);
    const { code: second } = await server.accounts.createLoginCode(server.owner.id);
    const foreign = await ask(listener.port, "/api/auth/login", {
      method: "POST",
      headers: { origin: origin.replace("https", "http") },
      body: JSON.stringify({ code: second }),
    });
    assert.equal(foreign.status, 403);
    assert.equal(
      (await ask(listener.port, "/api/health", { host: "evil.example" }).catch(() => undefined))?.status,
      undefined,
    );
  });

  test("exposed ports are reached over TLS as well", async () => {
    await using server = await startTestServer("listen: {port: 0}");
    using listener = await listen(server, "listen: {tls: {port: 0}}");
    const app = createHttpServer((asked, response) => response.end(String(asked.headers["x-forwarded-proto"])));
    await new Promise<void>(resolve => app.listen(0, "127.0.0.1", resolve));
    const address = app.address();
    server.plays.listeners.set("machine-01:80", typeof address === "object" && address !== null ? address.port : 0);
    try {
      const reply = await ask(listener.port, "/api/plays", {
        method: "POST",
        headers: { authorization: server.ann.authorization },
        body: JSON.stringify({
          playground: "flexbox",
          tabs: [{ kind: "http-port", name: "App", machine: "machine-01", number: 80, access: "public" }],
        }),
      });
      const play = JSON.parse(reply.body) as { id: string; tabs: Array<{ url: string }> };
      server.plays.becomeReady(play.id);
      const { host, protocol } = new URL(play.tabs[0]?.url ?? "");
      assert.equal(protocol, "https:");
      assert.equal((await ask(listener.port, "/", { host })).body, "https");
    } finally {
      app.closeAllConnections();
      app.close();
    }
  });

  test("the operator's files are used, and read again when they change", async () => {
    const [certificateFile, keyFile] = [join(directory, "own.pem"), join(directory, "own.key")];
    const write = async (name: string) => {
      const issued = await authority.issue({ dnsNames: [name] });
      await writeFile(certificateFile, issued.certificatePem);
      return issued.privateKeyPem;
    };
    await writeFile(keyFile, await write("first.example"));
    await using server = await startTestServer("listen: {port: 0}");
    const config = `listen: {tls: {port: 0, certificateFile: ${certificateFile}, keyFile: ${keyFile}}}`;
    using listener = await listen(server, config, 50);
    await peer(listener.port, "first.example");

    // Half a renewal: the old one stays.
    const key = await write("second.example");
    await sleep(300);
    await peer(listener.port, "first.example");
    await writeFile(keyFile, key);
    for (let attempt = 0; ; attempt++) {
      const found = await peer(listener.port, "second.example").catch(() => undefined);
      if (found !== undefined) break;
      assert.ok(attempt < 200, "the new certificate was never used");
      await sleep(50);
    }
  });

  test("files that cannot be used and ports that are taken are told at the start", async () => {
    await using server = await startTestServer("listen: {port: 0}");
    const start = (config: string) => listenTls({ paths: paths(), config: parseConfig(config), log, server });
    await assert.rejects(
      start("listen: {tls: {port: 0, certificateFile: /nonexistent.pem, keyFile: /nonexistent.key}}"),
      (problem: Problem) => problem.code === "server/tls-certificate" && /nonexistent\.pem/.test(problem.message),
    );
    assert.throws(() => parseConfig("listen: {tls: {keyFile: a}}"), /certificateFile and keyFile/);
    assert.equal(await start("listen: {tls: false}"), undefined);

    const squatter = createServer();
    await new Promise<void>(resolve => squatter.listen(0, "127.0.0.1", resolve));
    const address = squatter.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await assert.rejects(start(`listen: {tls: {port: ${port}}}`), { code: "server/listen-failed" });
    squatter.close();
  });

  test("a default port that is taken is given up for another one", async () => {
    const squatter = createServer();
    const isTaken = await new Promise<boolean>(resolve => {
      squatter.once("error", () => resolve(true));
      squatter.listen(8443, "127.0.0.1", () => resolve(true));
    });
    assert.ok(isTaken);
    await using server = await startTestServer("listen: {port: 0}");
    using listener = await listen(server, "");
    assert.notEqual(listener.port, 8443);
    await peer(listener.port, "localhost");
    squatter.close();
  });
});
