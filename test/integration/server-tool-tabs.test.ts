import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TLSSocket } from "node:tls";
import { WebSocket, WebSocketServer } from "ws";
import type { PlayJson, PlayTab } from "../../src/api/contract/plays.ts";
import type { PortJson } from "../../src/api/contract/ports.ts";
import { getPort } from "../fixtures/http-port.ts";
import { startTestServer, type TestPerson, type TestServer } from "../fixtures/test-server.ts";

/** A server "inside the machine": the fake's dial leads to it. */
async function inGuest(server: TestServer, at: string, http: Server): Promise<AsyncDisposable> {
  await new Promise<void>(resolve => http.listen(0, "127.0.0.1", resolve));
  server.plays.listeners.set(at, (http.address() as AddressInfo).port);
  return {
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections();
      await new Promise(resolve => http.close(resolve));
    },
  };
}

async function start(server: TestServer, playground: string, tabs?: object[]): Promise<PlayJson> {
  await server.app.listen({ host: "127.0.0.1", port: 0 });
  const reply = await ask(server, server.ann, "POST", "/plays", { playground, ...(tabs && { tabs }) });
  assert.equal(reply.statusCode, 200, reply.body);
  const play = reply.json<PlayJson>();
  server.plays.becomeReady(play.id);
  return play;
}

const ask = (server: TestServer, as: TestPerson, method: "GET" | "POST", path: string, body?: object) =>
  server.request({
    as,
    method,
    url: `/api${path}`,
    headers: { host: new URL(server.origins.appUrl).host },
    ...(body && { payload: JSON.stringify(body) }),
  });

function tabOf(play: PlayJson, kind: PlayTab["kind"]): PlayTab & { url: string; portId: string } {
  const tab = play.tabs.find(other => other.kind === kind);
  assert.ok(tab?.url && tab.portId, JSON.stringify(play.tabs));
  return tab as PlayTab & { url: string; portId: string };
}

const messageOf = async (socket: WebSocket) => String((await once(socket, "message"))[0]);

for (const { kind, number, playground, machine } of [
  { kind: "ide", number: 50061, playground: "docker", machine: "docker-01" },
  { kind: "kexp", number: 55174, playground: "k3s", machine: "dev-machine" },
] as const) {
  test(`the ${kind} tab shows what port ${number} serves, to the owner of the play, on an origin of its own`, async () => {
    await using server = await startTestServer();
    const http = createServer((request, response) => response.end(`${kind} at ${request.url}`));
    const sockets = new WebSocketServer({ server: http });
    const hosts: unknown[] = [];
    sockets.on("connection", (socket, request) => {
      hosts.push(request.headers.host, request.headers.origin, request.headers.cookie);
      socket.send("ready");
    });
    await using _tool = await inGuest(server, `${machine}:${number}`, http);
    // No tabs are given: it is among the defaults of its base.
    const play = await start(server, playground);
    const tab = tabOf(play, kind);
    assert.notEqual(new URL(tab.url).host, new URL(server.origins.appUrl).host);

    const refused = await getPort(tab.url);
    assert.equal(refused.status, 401);
    assert.match(refused.body, /Only the owner of the play/);
    const [port] = (await ask(server, server.ann, "GET", `/plays/${play.id}/ports`))
      .json<PortJson[]>()
      .filter(({ number: exposed }) => exposed === number);
    assert.equal(port?.access, "private");
    const stranger = await ask(server, server.bob, "POST", `/plays/${play.id}/ports/${tab.portId}/tickets`);
    assert.equal(stranger.statusCode, 404);

    const ticket = await ask(server, server.ann, "POST", `/plays/${play.id}/ports/${tab.portId}/tickets`);
    const welcome = await getPort(ticket.json<{ url: string }>().url);
    assert.equal(welcome.status, 302);
    const shown = await getPort(new URL("/?folder=/root", tab.url).href, welcome.cookie);
    assert.equal(shown.body, `${kind} at /?folder=/root`);

    const { host, port: listening } = new URL(tab.url);
    const socket = new WebSocket(`ws://127.0.0.1:${listening}/live`, {
      headers: { host, cookie: welcome.cookie ?? "" },
      origin: `http://${host}`,
    });
    assert.equal(await messageOf(socket), "ready");
    // Editors compare Origin with Host before they open a socket; the pass stays outside.
    assert.deepEqual(hosts, [host, `http://${host}`, undefined]);
    socket.terminate();

    const foreign = new WebSocket(`ws://127.0.0.1:${listening}/live`, {
      headers: { host, cookie: welcome.cookie ?? "" },
      origin: "https://elsewhere.example",
    });
    const [error] = await once(foreign, "error");
    assert.match(String(error), /403/);
    sockets.close();
  });
}

test("where nothing listens, an IDE tab says that the image has none", async () => {
  await using server = await startTestServer();
  const tabs = [{ kind: "ide", access: "public" }, { kind: "kexp" }];
  const play = await start(server, "debian-12", tabs);
  for (const [kind, says] of [
    ["ide", /This image has no IDE, or it has not started yet/],
    ["kexp", /This image has no Kubernetes explorer, or it has not started yet/],
  ] as const) {
    const { portId } = tabOf(play, kind);
    const ticket = await ask(server, server.ann, "POST", `/plays/${play.id}/ports/${portId}/tickets`);
    const { url } = ticket.json<{ url: string }>();
    const { cookie } = await getPort(url);
    const page = await getPort(new URL("/", url).href, cookie);
    assert.equal(page.status, 502);
    assert.match(page.body, says);
  }
  // An IDE is a shell: no manifest can open it to everybody.
  assert.equal((await getPort(tabOf(play, "ide").url)).status, 401);
});

test("an IDE on a machine without ssh is dropped with a warning, what is not a shell stays", async () => {
  await using server = await startTestServer();
  await server.app.listen({ host: "127.0.0.1", port: 0 });
  const reply = await ask(server, server.ann, "POST", "/plays", {
    playground: "docker",
    machines: [{ name: "docker-01", noSSH: true }],
    tabs: [{ kind: "ide" }, { machine: "docker-01" }, { kind: "kexp" }],
  });
  const play = reply.json<PlayJson>();
  assert.deepEqual(
    play.tabs.map(({ id }) => id),
    ["kexp-docker-01"],
  );
  assert.deepEqual(
    play.warnings?.map(({ code, path }) => [code, path]),
    [
      ["manifest/tab-machine", "playground.tabs[0]"],
      ["manifest/tab-machine", "playground.tabs[1]"],
    ],
  );
});

test("tls, hostRewrite and pathRewrite hold together, for pages and for WebSockets", async () => {
  const directory = mkdtempSync(join(tmpdir(), "labyard-tls-"));
  try {
    const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    const files = ["-keyout", key, "-out", cert, "-days", "1", "-subj", "/CN=x"];
    execFileSync("openssl", ["req", "-x509", ...curve, ...files], { stdio: "ignore" });
    await using server = await startTestServer();
    const seen: string[] = [];
    const note = ({ socket, headers, url }: IncomingMessage) =>
      seen.push(`${(socket as TLSSocket).servername} ${headers.host} ${String(headers["x-forwarded-host"])} ${url}`);
    const secure = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
      note(request);
      response.end("over tls");
    });
    const sockets = new WebSocketServer({ server: secure });
    sockets.on("connection", (socket, request) => {
      note(request);
      socket.send("hello");
    });
    await using _app = await inGuest(server, "machine-01:8443", secure);
    const app = { kind: "http-port", name: "App", number: 8443, access: "public" };
    const play = await start(server, "flexbox", [
      { ...app, tls: true, hostRewrite: "app.internal", pathRewrite: "/base/" },
    ]);
    const { url } = tabOf(play, "http-port");
    const { host, port } = new URL(url);
    assert.equal((await getPort(new URL("/page?x=1", url).href)).body, "over tls");
    const socket = new WebSocket(`ws://127.0.0.1:${port}/live`, { headers: { host } });
    assert.equal(await messageOf(socket), "hello");
    socket.terminate();
    sockets.close();
    assert.deepEqual(seen, [
      `app.internal app.internal ${host} /base/page?x=1`,
      `app.internal app.internal ${host} /base/live`,
    ]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
