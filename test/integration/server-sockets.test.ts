import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, request as httpRequest, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { createClient } from "../../src/api/client.ts";
import type { ConnMessage } from "../../src/api/contract/conns.ts";
import type { PlayJson } from "../../src/api/contract/plays.ts";
import { startTestServer, type TestPerson, type TestServer } from "../fixtures/test-server.ts";

interface Reply {
  status: number;
  headers: IncomingMessage["headers"];
  body: string;
}

/** A request to the listening server under any host name, as a browser that resolves *.localhost would send it. */
async function ask(
  port: number,
  host: string,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Reply> {
  const request = httpRequest({
    host: "127.0.0.1",
    port,
    path,
    method: options.method ?? "GET",
    headers: { ...options.headers, host },
  });
  request.end(options.body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

async function listen(server: TestServer): Promise<number> {
  await server.app.listen({ host: "127.0.0.1", port: 0 });
  return (server.app.server.address() as AddressInfo).port;
}

async function start(server: TestServer, as: TestPerson, tabs: object[] = []): Promise<PlayJson> {
  const payload = JSON.stringify({
    playground: "flexbox",
    tabs: [
      { kind: "terminal", machine: "machine-01" },
      ...tabs.map(tab => ({ kind: "http-port", name: "App", machine: "machine-01", ...tab })),
    ],
  });
  const reply = await server.request({ as, method: "POST", url: "/api/plays", payload });
  assert.equal(reply.statusCode, 200, reply.body);
  return reply.json();
}

/** An app "inside the machine": a real server that the fake's dial leads to. */
async function app(server: TestServer, number: number, http: Server): Promise<AsyncDisposable> {
  await new Promise<void>(resolve => http.listen(0, "127.0.0.1", resolve));
  server.plays.listeners.set(`machine-01:${number}`, (http.address() as AddressInfo).port);
  return {
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections();
      await new Promise(resolve => http.close(resolve));
    },
  };
}

const closed = async (socket: WebSocket) => {
  const [error] = await Promise.race([
    once(socket, "error"),
    once(socket, "unexpected-response").then(([, response]) => [response]),
  ]);
  return (error as IncomingMessage).statusCode ?? /Unexpected server response: (\d+)/.exec(String(error))?.[1];
};

function messagesOf(socket: WebSocket): ConnMessage[] {
  const messages: ConnMessage[] = [];
  socket.on("message", data => messages.push(JSON.parse((data as Buffer).toString()) as ConnMessage));
  return messages;
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1500 && !condition(); i++) await new Promise(resolve => setTimeout(resolve, 20));
  assert.ok(condition(), what);
}

test("conns: a snapshot on opening, full replacements on change, repeats in silence, and no end at stop", async () => {
  await using server = await startTestServer();
  await listen(server);
  const { id } = await start(server, server.ann);
  const { url } = (
    await server.request({
      as: server.ann,
      method: "POST",
      url: `/api/plays/${id}/conns`,
      headers: { host: new URL(server.origins.appUrl).host },
    })
  ).json();
  assert.match(url, /^ws:\/\/127\.0\.0\.1:\d+\/api\/plays\/[0-9a-f]{24}\/conns\/socket\?ticket=/);
  // The Origin that the official client makes up for a plain http address.
  const socket = new WebSocket(url, { headers: { origin: "https://cli.http://127.0.0.1" }, perMessageDeflate: false });
  const messages = messagesOf(socket);
  await until("first snapshot", () => messages.some(message => message.kind === "status"));
  const last = () => messages.filter(message => message.kind === "status").at(-1);
  assert.equal(last()?.status.stateEvents.at(-1)?.state, "CREATED");

  server.plays.becomeReady(id);
  await until("RUNNING", () => last()?.status.stateEvents.at(-1)?.state === "RUNNING");
  assert.equal(last()?.status.machines[0]?.conditions[0]?.status, "True");
  assert.ok(messages.some(message => message.kind === "state" && message.state.playId === id));

  const count = messages.length;
  await until("a repeat without a change", () => messages.length > count);

  await server.plays.stop(id);
  await until("STOPPED", () => last()?.status.stateEvents.at(-1)?.state === "STOPPED");
  await server.plays.restart(id);
  await until("RUNNING again on the same socket", () => last()?.status.stateEvents.at(-1)?.state === "RUNNING");

  // The ticket is reusable: the official client dials the same URL again.
  const again = new WebSocket(url);
  await once(again, "open");
  again.close();
  socket.close();
});

test("conns: a play whose files are gone has failed, and is heard of again when they are back", async () => {
  await using server = await startTestServer();
  await listen(server);
  const { id } = await start(server, server.ann);
  const files = server.plays.plays.get(id);
  server.plays.plays.delete(id);
  const asked = { as: server.ann, method: "POST", url: `/api/plays/${id}/conns` } as const;
  const { url } = (await server.request({ ...asked, headers: { host: new URL(server.origins.appUrl).host } })).json();
  const socket = new WebSocket(url);
  const messages = messagesOf(socket);
  const last = () =>
    messages
      .filter(message => message.kind === "state")
      .at(-1)
      ?.state.stateEvents.at(-1);
  await until("a state", () => last() !== undefined);
  assert.deepEqual([last()?.state, last()?.error], ["FAILED", "The files of this play are gone"]);
  // The same as whoever asks once is told.
  const play: PlayJson = (await server.request({ as: server.ann, method: "GET", url: `/api/plays/${id}` })).json();
  assert.deepEqual(messages.find(message => message.kind === "status")?.status, play.status);

  assert.ok(files);
  server.plays.plays.set(id, files);
  await until("the play itself", () => last()?.state === "CREATED");
  socket.close();
});

test("conns: the typed client watches through a stop and ends with its signal", async () => {
  await using server = await startTestServer();
  await listen(server);
  const { id } = await start(server, server.ann);
  const [sessionId = "", accessToken = ""] = atob(server.ann.authorization.slice("Basic ".length)).split(":");
  const client = createClient({ endpoint: server.origins.appUrl, credentials: { sessionId, accessToken } });
  assert.equal((await client.me()).id, "ann");
  const stop = new AbortController();
  const connections: boolean[] = [];
  const states: string[] = [];
  for await (const message of client.watchPlay(id, { signal: stop.signal, onConnection: up => connections.push(up) })) {
    if (message.kind !== "state") continue;
    const state = message.state.stateEvents.at(-1)?.state ?? "";
    if (states.at(-1) !== state) states.push(state);
    if (state === "CREATED") server.plays.becomeReady(id);
    if (state === "RUNNING") await client.act(id, { action: "stop" });
    if (state === "STOPPED") stop.abort();
  }
  assert.deepEqual(
    states.filter(state => state !== "STOPPING"),
    ["CREATED", "RUNNING", "STOPPED"],
  );
  assert.deepEqual(connections, [true, false]);
  await assert.rejects(client.getPlay("0".repeat(24)), { code: "server/not-found" });
});

test("sockets open with the right ticket only, shells once and not for other sites", async () => {
  await using server = await startTestServer();
  const port = await listen(server);
  const host = `127.0.0.1:${port}`;
  const { id } = await start(server, server.ann);
  server.plays.becomeReady(id);
  const post = async (path: string, body: object = {}) => {
    const reply = await server.request({
      as: server.ann,
      method: "POST",
      url: `/api/plays/${id}${path}`,
      headers: { host },
      payload: JSON.stringify(body),
    });
    assert.equal(reply.statusCode, 200, reply.body);
    return reply.json();
  };
  const terminal = await post("/terminals", { machine: "machine-01", user: "laborant", cols: 100, rows: 30 });
  const socket = new WebSocket(terminal.url, { headers: { origin: `http://${host}` } });
  await once(socket, "open");
  socket.send("ls");
  const [echo] = await once(socket, "message");
  assert.equal(String(echo), "ls");
  socket.close();
  assert.deepEqual(server.plays.upgrades, [{ kind: "terminal", terminalId: terminal.id }]);
  assert.equal(await closed(new WebSocket(terminal.url)), 403);

  const evil = (await post(`/terminals/${terminal.id}/tickets`)).url;
  assert.equal(await closed(new WebSocket(evil, { headers: { origin: "https://evil.example" } })), 403);
  assert.equal(await closed(new WebSocket(evil, { headers: { origin: `http://x.localhost:${port}` } })), 403);

  const exec = (await post("/exec", { machine: "machine-01", command: "hostname" })).url;
  assert.ok(!exec.includes("hostname"));
  const running = new WebSocket(exec);
  await once(running, "open");
  running.close();
  assert.deepEqual(server.plays.upgrades.at(-1), { kind: "exec", machine: "machine-01", command: "hostname" });

  const conn = (await post("/conns")).url;
  for (const url of [
    `ws://${host}/api/plays/${id}/conns/socket`,
    `ws://${host}/api/plays/${id}/conns/socket?ticket=guess`,
    conn.replace("/conns/", "/exec/"),
    conn.replace(id, "0".repeat(24)),
  ]) {
    assert.equal(await closed(new WebSocket(url)), 403, url);
  }
  assert.equal(await closed(new WebSocket(`ws://${host}/elsewhere`)), 404);
  assert.equal(await closed(new WebSocket(conn, { headers: { host: "evil.example" } })), 403);
});

test("shells are refused for unknown users and noSSH machines", async () => {
  await using server = await startTestServer();
  const { id } = await start(server, server.ann);
  const open = (body: object) =>
    server.request({
      as: server.ann,
      method: "POST",
      url: `/api/plays/${id}/terminals`,
      payload: JSON.stringify(body),
    });
  assert.match((await open({ machine: "machine-01", user: "eve" })).json().error, /no user "eve"/);
  assert.equal((await open({ machine: "nope" })).statusCode, 404);
  assert.equal((await open({ machine: "machine-01" })).statusCode, 409);
});

test("a public port: everybody gets through, nothing of the platform goes along", async () => {
  await using server = await startTestServer();
  const port = await listen(server);
  const seen: IncomingMessage[] = [];
  await using _app = await app(
    server,
    8080,
    createServer((request, response) => {
      seen.push(request);
      response.setHeader("set-cookie", ["a=1; Domain=localhost; Path=/", "labyard_session_1=x", "b=2; HttpOnly"]);
      response.setHeader("strict-transport-security", "max-age=1");
      response.end(`${request.method} ${request.url}`);
    }),
  );
  const play = await start(server, server.ann, [{ number: 8080, access: "public" }]);
  server.plays.becomeReady(play.id);
  const host = new URL(play.tabs[1]?.url ?? "").hostname;
  const reply = await ask(port, `${host}:${port}`, "/a/b?c=d", {
    headers: {
      cookie: `labyard_session_${port}=secret; mine=1; __Host-labyard_session=s`,
      authorization: server.ann.authorization,
      "x-forwarded-for": "6.6.6.6",
    },
  });
  assert.equal(reply.status, 200);
  assert.equal(reply.body, "GET /a/b?c=d");
  assert.deepEqual(reply.headers["set-cookie"], ["a=1; Path=/", "b=2; HttpOnly"]);
  assert.equal(reply.headers["content-security-policy"], undefined);
  assert.equal(reply.headers["strict-transport-security"], undefined);
  const [request] = seen;
  assert.equal(request?.headers.cookie, "mine=1");
  assert.equal(request?.headers.authorization, undefined);
  assert.equal(request?.headers["x-forwarded-for"], "127.0.0.1");
  assert.equal(request?.headers["x-forwarded-host"], `${host}:${port}`);
  assert.equal(request?.headers["x-forwarded-proto"], "http");

  // The app's own login stays the app's own.
  await ask(port, `${host}:${port}`, "/", { headers: { authorization: "Basic YXBwOnVzZXI=" } });
  assert.equal(seen.at(-1)?.headers.authorization, "Basic YXBwOnVzZXI=");
  const posted = await ask(port, `${host}:${port}`, "/x", {
    method: "POST",
    body: "data",
    headers: { origin: "https://elsewhere.example" },
  });
  assert.equal(posted.body, "POST /x");
});

test("host and path are rewritten, redirects lead back", async () => {
  await using server = await startTestServer();
  const port = await listen(server);
  let host: string | undefined;
  await using _app = await app(
    server,
    80,
    createServer((request, response) => {
      host = request.headers.host;
      response.writeHead(302, { location: "http://app.internal/next?x=1" });
      response.end(request.url);
    }),
  );
  const play = await start(server, server.ann, [
    { number: 80, access: "public", hostRewrite: "app.internal", pathRewrite: "/base/" },
  ]);
  server.plays.becomeReady(play.id);
  const name = `${new URL(play.tabs[1]?.url ?? "").hostname}:${port}`;
  const reply = await ask(port, name, "/page");
  assert.equal(host, "app.internal");
  assert.equal(reply.body, "/base/page");
  assert.equal(reply.headers.location, `http://${name}/next?x=1`);
});

test("a private port opens with a ticket, once, for this port alone", async () => {
  await using server = await startTestServer();
  const port = await listen(server);
  await using _app = await app(
    server,
    8080,
    createServer((request, response) => response.end(`${request.headers.cookie ?? ""} ${request.url}`)),
  );
  const play = await start(server, server.ann, [{ number: 8080 }, { number: 8080, name: "Other" }]);
  server.plays.becomeReady(play.id);
  const [, tab, other] = play.tabs;
  const name = `${new URL(tab?.url ?? "").hostname}:${port}`;
  const otherName = `${new URL(other?.url ?? "").hostname}:${port}`;

  const refused = await ask(port, name, "/");
  assert.equal(refused.status, 401);
  assert.match(refused.body, /This port is private/);
  const typed = await ask(port, name, "/page?a=1", { headers: { "sec-fetch-dest": "document" } });
  assert.equal(typed.status, 302);
  assert.equal(
    typed.headers.location,
    `http://127.0.0.1:${port}/api/plays/${play.id}/ports/${tab?.portId}/open?path=%2Fpage%3Fa%3D1`,
  );

  const tickets = `/api/plays/${play.id}/ports/${tab?.portId}/tickets`;
  assert.equal((await server.request({ as: server.bob, method: "POST", url: tickets })).statusCode, 404);
  const { url } = (
    await server.request({ as: server.ann, method: "POST", url: tickets, headers: { host: `127.0.0.1:${port}` } })
  ).json();
  const { pathname, search, host } = new URL(url);
  assert.equal(host, name);
  assert.equal((await ask(port, otherName, pathname + search)).status, 401);
  assert.equal((await ask(port, name, pathname + search)).status, 401, "a ticket that was tried elsewhere is used up");

  const fresh = new URL(
    (
      await server.request({ as: server.ann, method: "POST", url: tickets, headers: { host: `127.0.0.1:${port}` } })
    ).json().url,
  );
  const welcome = await ask(port, name, `/deep?x=1&${fresh.search.slice(1)}`);
  assert.equal(welcome.status, 302);
  assert.equal(welcome.headers.location, "/deep?x=1");
  const setCookie = String(welcome.headers["set-cookie"]);
  assert.match(setCookie, /^labyard_port=[^;]+; Path=\/; HttpOnly; SameSite=None; Secure; Partitioned; Max-Age=/);
  const cookie = `${setCookie.split(";")[0]}; app=1`;
  const inside = await ask(port, name, "/deep?x=1", { headers: { cookie } });
  assert.equal(inside.body, "app=1 /deep?x=1");
  assert.equal((await ask(port, otherName, "/", { headers: { cookie } })).status, 401);
  assert.equal((await ask(port, name, `/${fresh.search}`, { headers: { cookie } })).headers.location, "/");
  assert.equal(
    (await ask(port, name, `//evil.example/${fresh.search}`, { headers: { cookie } })).headers.location,
    "/",
  );
  assert.equal(
    (await ask(port, name, `/.//evil.example${fresh.search}`, { headers: { cookie } })).headers.location,
    "/evil.example",
  );

  const forged = await ask(port, name, "/", { headers: { cookie, origin: "https://evil.example" }, method: "POST" });
  assert.equal(forged.status, 401);
  const sibling = await ask(port, name, "/", { headers: { cookie, origin: `http://${otherName}` }, method: "POST" });
  assert.equal(sibling.status, 200);
  const program = await ask(port, name, "/", { headers: { authorization: server.ann.authorization } });
  assert.equal(program.status, 200);

  await server.request({
    as: server.ann,
    method: "POST",
    url: `/api/plays/${play.id}/actions`,
    payload: '{"action":"destroy"}',
  });
  assert.equal((await ask(port, name, "/", { headers: { cookie } })).status, 404);
});

test("a silent port says so and tries again", async () => {
  await using server = await startTestServer();
  const port = await listen(server);
  const play = await start(server, server.ann, [{ number: 8080, access: "public" }]);
  server.plays.becomeReady(play.id);
  const name = `${new URL(play.tabs[1]?.url ?? "").hostname}:${port}`;
  const reply = await ask(port, name, "/");
  assert.equal(reply.status, 502);
  assert.match(reply.body, /Nothing listens on port 8080 of machine machine-01 yet/);
  assert.match(reply.body, /<meta http-equiv="refresh" content="3">/);
  assert.equal((await ask(port, `unknown-abc.localhost:${port}`, "/")).status, 404);
});

test("every refused upgrade says why", async () => {
  await using server = await startTestServer();
  const port = await listen(server);
  await using _app = await app(
    server,
    3000,
    createServer((_request, response) => response.writeHead(418, { "x-app": "yes" }).end("not for sockets")),
  );
  const tabs = [
    { number: 3000, access: "public" },
    { number: 3000 },
    { number: 4000, access: "public", name: "Silent" },
  ];
  const play = await start(server, server.ann, tabs);
  const [teapot = "", closed = "", silent = ""] = play.tabs.slice(1).map(({ url = "" }) => new URL(url).hostname);
  const refusal = async (host: string, path = "/") => {
    const headers = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "MDEyMzQ1Njc4OWFiY2RlZg==",
    };
    const { status, body } = await ask(port, `${host}:${port}`, path, { headers });
    const { error, code } = JSON.parse(body) as { error: string; code: string };
    assert.ok(error.length > 0, body);
    return [status, code];
  };
  // The play is not running yet.
  assert.deepEqual(await refusal(silent), [409, "playground/action-not-allowed"]);
  server.plays.becomeReady(play.id);
  assert.deepEqual(await refusal("127.0.0.1", "/elsewhere"), [404, "server/not-found"]);
  assert.deepEqual(await refusal("127.0.0.1", `/api/plays/${play.id}/conns/socket`), [403, "server/ticket-invalid"]);
  assert.deepEqual(await refusal("unknown-abc.localhost"), [404, "server/not-found"]);
  assert.deepEqual(await refusal("unknown-shell.localhost"), [404, "server/not-found"]);
  assert.deepEqual(await refusal(closed), [403, "server/forbidden"]);
  assert.equal((await refusal(silent))[0], 502);

  const headers = { connection: "Upgrade", upgrade: "websocket" };
  const own = await ask(port, `${teapot}:${port}`, "/", { headers });
  assert.deepEqual([own.status, own.body, own.headers["x-app"]], [418, "not for sockets", "yes"]);
});

test("streams arrive as they are sent, WebSockets go both ways, and a vanished visitor is noticed", async () => {
  await using server = await startTestServer();
  const port = await listen(server);
  const http = createServer((request, response) => {
    response.write("first");
    if (request.url === "/slow") response.once("close", () => (gone = true));
    else setTimeout(() => response.end("second"), 200);
  });
  let gone = false;
  const sockets = new WebSocketServer({ server: http });
  const hosts: Array<string | undefined> = [];
  sockets.on("connection", (socket, request) => {
    hosts.push(request.headers.host, request.headers.cookie);
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await using _app = await app(server, 3000, http);
  const play = await start(server, server.ann, [{ number: 3000, access: "public" }]);
  server.plays.becomeReady(play.id);
  const name = `${new URL(play.tabs[1]?.url ?? "").hostname}:${port}`;

  const request = httpRequest({ host: "127.0.0.1", port, path: "/", headers: { host: name } });
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const [chunk] = await once(response, "data");
  assert.equal(String(chunk), "first");
  const [rest] = await once(response, "data");
  assert.equal(String(rest), "second");

  const slow = httpRequest({ host: "127.0.0.1", port, path: "/slow", headers: { host: name } });
  slow.end();
  await once(slow, "response");
  slow.destroy();
  await until("the app sees that its visitor left", () => gone);

  const socket = new WebSocket(`ws://127.0.0.1:${port}/live`, {
    headers: { host: name, cookie: `labyard_session_${port}=s; c=1` },
  });
  await once(socket, "open");
  const big = Buffer.alloc(3_000_000, 7);
  socket.send(big);
  const [echo] = (await once(socket, "message")) as [Buffer];
  assert.ok(echo.equals(big));
  assert.deepEqual(hosts, [name, "c=1"]);
  socket.close();
  sockets.close();
});

test("an app that speaks TLS is reached without looking at its certificate", async () => {
  const directory = mkdtempSync(join(tmpdir(), "labyard-tls-"));
  try {
    const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
    execFileSync(
      "openssl",
      [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        key,
        "-out",
        cert,
        "-days",
        "1",
        "-subj",
        "/CN=somewhere.else",
      ],
      { stdio: "ignore" },
    );
    await using server = await startTestServer();
    const port = await listen(server);
    const secure = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) =>
      response.end("over tls"),
    );
    await using _app = await app(server, 8443, secure);
    const play = await start(server, server.ann, [{ number: 8443, access: "public", tls: true }]);
    server.plays.becomeReady(play.id);
    const reply = await ask(port, `${new URL(play.tabs[1]?.url ?? "").hostname}:${port}`, "/");
    assert.equal(reply.body, "over tls");
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("ports are exposed by hand, listed and removed", async () => {
  await using server = await startTestServer();
  const play = await start(server, server.ann);
  const url = `/api/plays/${play.id}/ports`;
  const post = (body: object) => server.request({ as: server.ann, method: "POST", url, payload: JSON.stringify(body) });
  const created = await post({
    machine: "machine-01",
    number: 4000,
    access: "public",
    tls: false,
    hostRewrite: "",
    pathRewrite: "",
  });
  assert.equal(created.statusCode, 200, created.body);
  const port = created.json();
  assert.match(port.hostname, new RegExp(`^${play.id}-[0-9a-f]{6}\\.localhost$`));
  assert.deepEqual(
    { ...port, id: "", hostname: "", url: "" },
    {
      id: "",
      playId: play.id,
      machine: "machine-01",
      number: 4000,
      hostname: "",
      access: "public",
      tls: false,
      url: "",
    },
  );
  assert.equal((await server.request({ as: server.ann, method: "GET", url })).json().length, 1);
  assert.equal((await post({ machine: "nope", number: 1 })).statusCode, 404);
  assert.equal((await post({ machine: "machine-01", number: 70000 })).statusCode, 400);
  assert.equal((await post({ machine: "machine-01", number: 1.5 })).statusCode, 400);
  assert.equal((await server.request({ as: server.ann, method: "DELETE", url: `${url}/${port.id}` })).statusCode, 200);
  assert.equal((await server.request({ as: server.ann, method: "DELETE", url: `${url}/${port.id}` })).statusCode, 404);
});

test("closing the server ends every socket and waits for none", async () => {
  const server = await startTestServer();
  const port = await listen(server);
  const http = createServer((_request, response) => response.write("endless"));
  const sockets = new WebSocketServer({ server: http });
  await using _app = await app(server, 3000, http);
  const play = await start(server, server.ann, [{ number: 3000, access: "public" }]);
  server.plays.becomeReady(play.id);
  const name = `${new URL(play.tabs[1]?.url ?? "").hostname}:${port}`;
  const post = async (path: string, body: object = {}) =>
    (
      await server.request({
        as: server.ann,
        method: "POST",
        url: `/api/plays/${play.id}${path}`,
        headers: { host: `127.0.0.1:${port}` },
        payload: JSON.stringify(body),
      })
    ).json();
  const proxied = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { host: name } });
  const terminal = new WebSocket((await post("/terminals", { machine: "machine-01" })).url);
  const conn = new WebSocket((await post("/conns")).url);
  await Promise.all([proxied, terminal, conn].map(socket => once(socket, "open")));
  const stream = httpRequest({ host: "127.0.0.1", port, headers: { host: name } });
  stream.on("error", () => {});
  stream.end();
  await once(stream, "response");

  const ends = Promise.all([proxied, terminal, conn].map(socket => once(socket, "close")));
  await server[Symbol.asyncDispose]();
  await ends;
  sockets.close();
});
