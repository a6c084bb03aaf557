import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";
import type { PlayJson } from "../../src/api/contract/plays.ts";
import type { ShellJson } from "../../src/api/contract/shells.ts";
import { startTestServer, type TestPerson, type TestServer } from "../fixtures/test-server.ts";

// Shared shells and journals of a server whose plays have no machines. What a browser makes of the page is tested in
// server-browser.test.ts.

let webDirectory: string;
before(async () => {
  webDirectory = await mkdtemp(join(tmpdir(), "labyard-web-"));
  await mkdir(join(webDirectory, "shell/assets"), { recursive: true });
  await writeFile(join(webDirectory, "index.html"), "the whole app");
  await writeFile(join(webDirectory, "shell/shell.html"), "the shell's page");
  await writeFile(join(webDirectory, "shell/assets/shell-1.js"), "script");
  await writeFile(join(webDirectory, "shell/assets/notes.txt"), "not for the web");
});
after(() => rm(webDirectory, { recursive: true }));

async function serve(): Promise<TestServer> {
  const server = await startTestServer("", { webDirectory });
  await server.app.listen({ host: "127.0.0.1", port: 0 });
  return server;
}

const appHost = (server: TestServer) => new URL(server.origins.appUrl).host;

async function call<T>(server: TestServer, as: TestPerson, method: string, url: string, body?: unknown): Promise<T> {
  const reply = await server.request({
    as,
    method,
    url: `/api${url}`,
    headers: { host: appHost(server) },
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  });
  assert.equal(reply.statusCode, 200, reply.body);
  return reply.json<T>();
}

async function refused(server: TestServer, as: TestPerson, method: string, url: string, body?: unknown) {
  const reply = await server.request({
    as,
    method,
    url: `/api${url}`,
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  });
  return [reply.statusCode, reply.json<{ error: string }>().error] as const;
}

async function readyPlay(server: TestServer): Promise<PlayJson> {
  const play = await call<PlayJson>(server, server.ann, "POST", "/plays", { playground: "flexbox" });
  server.plays.becomeReady(play.id);
  return play;
}

async function ask(url: string, headers: Record<string, string> = {}, method = "GET") {
  const { host, port, pathname, search } = new URL(url);
  const request = httpRequest({
    host: "127.0.0.1",
    port,
    path: pathname + search,
    method,
    headers: { host, ...headers },
  });
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, headers: response.headers, body };
}

function dial(url: string, headers: Record<string, string> = {}): WebSocket {
  const { host, port, pathname, search } = new URL(url);
  const socket = new WebSocket(`ws://127.0.0.1:${port}${pathname}${search}`, { headers: { host, ...headers } });
  socket.on("error", () => {});
  return socket;
}

async function opened(socket: WebSocket): Promise<boolean> {
  const result = await Promise.race([
    once(socket, "open").then(() => true),
    once(socket, "unexpected-response").then(() => false),
    once(socket, "close").then(() => false),
  ]);
  return result;
}

test("a shell is shared, listed and removed by the play's owner alone", async () => {
  await using server = await serve();
  const { id } = await readyPlay(server);
  const shell = await call<ShellJson>(server, server.ann, "POST", `/plays/${id}/shells`, { machine: "machine-01" });
  assert.match(shell.hostname, new RegExp(`^${id}-[0-9a-f]{6}-shell\\.localhost$`));
  assert.deepEqual([shell.user, shell.machine, shell.access], ["laborant", "machine-01", "private"]);
  assert.deepEqual(await call(server, server.ann, "GET", `/plays/${id}/shells`), [shell]);
  assert.equal((await refused(server, server.bob, "GET", `/plays/${id}/shells`))[0], 404);
  assert.equal((await refused(server, server.bob, "DELETE", `/plays/${id}/shells/${shell.id}`))[0], 404);
  const nobody = await refused(server, server.ann, "POST", `/plays/${id}/shells`, {
    machine: "machine-01",
    user: "nobody",
  });
  assert.deepEqual(nobody, [400, 'Machine "machine-01" has no user "nobody" (it has: root, laborant)']);
  assert.equal((await refused(server, server.ann, "POST", `/plays/${id}/shells`, { machine: "m" }))[0], 404);
  await call(server, server.ann, "DELETE", `/plays/${id}/shells/${shell.id}`);
  assert.deepEqual(await call(server, server.ann, "GET", `/plays/${id}/shells`), []);
});

test("a machine that gives no shells gives no shared ones either, and a play no endless number of them", async () => {
  await using server = await serve();
  const machines = [{ name: "debian-01", noSSH: true }];
  const { id } = await call<PlayJson>(server, server.ann, "POST", "/plays", { playground: "debian-12", machines });
  const [status, error] = await refused(server, server.ann, "POST", `/plays/${id}/shells`, { machine: "debian-01" });
  assert.equal(status, 400);
  assert.match(error, /noSSH/);
  const open = await readyPlay(server);
  for (let i = 0; i < 20; i++) {
    await call(server, server.ann, "POST", `/plays/${open.id}/shells`, { machine: "machine-01", user: "root" });
  }
  const more = await refused(server, server.ann, "POST", `/plays/${open.id}/shells`, { machine: "machine-01" });
  assert.equal(more[0], 409);
});

test("the origin of a public shell holds its page and nothing else of the server", async () => {
  await using server = await serve();
  const { id } = await readyPlay(server);
  const { url } = await call<ShellJson>(server, server.ann, "POST", `/plays/${id}/shells`, {
    machine: "machine-01",
    access: "public",
  });
  const page = await ask(url);
  assert.deepEqual([page.status, page.body], [200, "the shell's page"]);
  assert.match(String(page.headers["content-security-policy"]), /default-src 'none'.*frame-ancestors 'none'/);
  assert.equal((await ask(`${url}assets/shell-1.js`)).body, "script");
  const described = JSON.parse((await ask(`${url}shell.json`)).body);
  assert.deepEqual(described, { machine: "machine-01", user: "laborant", access: "public", ready: true });
  for (const path of [
    "index.html",
    "shell.html",
    "shell/shell.html",
    "assets/notes.txt",
    "assets/../../index.html",
    "..%2findex.html",
    "api/health",
    `api/plays/${id}`,
  ]) {
    const other = await ask(`${url}${path}`, { authorization: server.ann.authorization });
    assert.ok(other.status === 404 && !other.body.includes("the whole app"), `${path}: ${other.status} ${other.body}`);
  }
  assert.equal((await ask(url, {}, "POST")).status, 404);
});

test("visitors of a public shell share one terminal; a new one is opened when it has ended", async () => {
  await using server = await serve();
  const { id } = await readyPlay(server);
  const { id: shellId, url } = await call<ShellJson>(server, server.ann, "POST", `/plays/${id}/shells`, {
    machine: "machine-01",
    access: "public",
  });
  const target = `${url}socket?cols=100&rows=30`;
  const visitors = [dial(target), dial(target), dial(target, { origin: new URL(url).origin })];
  assert.deepEqual(await Promise.all(visitors.map(opened)), [true, true, true]);
  const first = visitors[0] as WebSocket;
  first.send("hello");
  assert.equal(String((await once(first, "message"))[0]), "hello");
  assert.equal((await server.plays.listTerminals(id)).length, 1);
  assert.deepEqual(new Set(server.plays.upgrades.map(upgrade => JSON.stringify(upgrade))).size, 1);

  await server.plays.closeTerminal(id, "t1");
  assert.equal(await opened(dial(target)), true);
  assert.equal((await server.plays.listTerminals(id)).length, 1);

  for (const origin of ["http://evil.example", "null", server.origins.appUrl]) {
    assert.equal(await opened(dial(target, { origin })), false, origin);
  }
  assert.equal(await opened(dial(`${url}other`)), false);

  const ends = visitors.map(each => once(each, "close"));
  await call(server, server.ann, "DELETE", `/plays/${id}/shells/${shellId}`);
  await Promise.all(ends);
  assert.deepEqual(await server.plays.listTerminals(id), []);
  assert.equal((await ask(url)).status, 404);
  assert.equal(await opened(dial(target)), false);
});

test("so many people look at one shell and no more", async () => {
  await using server = await serve();
  const { id } = await readyPlay(server);
  const { url } = await call<ShellJson>(server, server.ann, "POST", `/plays/${id}/shells`, {
    machine: "machine-01",
    access: "public",
  });
  const visitors = Array.from({ length: 16 }, () => dial(`${url}socket`));
  assert.ok((await Promise.all(visitors.map(opened))).every(Boolean));
  assert.equal(await opened(dial(`${url}socket`)), false);
  visitors[0]?.terminate();
  await once(visitors[0] as WebSocket, "close");
  let again = false;
  for (let i = 0; i < 300 && !again; i++) {
    again = await opened(dial(`${url}socket`));
    if (!again) await new Promise(resolve => setTimeout(resolve, 100));
  }
  assert.ok(again, "a place became free");
});

test("a private shell opens to the play's owner, in browsers by a ticket for this one origin", async () => {
  await using server = await serve();
  const { id } = await readyPlay(server);
  const shell = await call<ShellJson>(server, server.ann, "POST", `/plays/${id}/shells`, { machine: "machine-01" });
  for (const headers of [{}, { authorization: server.bob.authorization }]) {
    assert.equal((await ask(shell.url, headers)).status, 401);
    assert.equal((await ask(`${shell.url}shell.json`, headers)).status, 401);
    assert.equal(await opened(dial(`${shell.url}socket`, headers)), false);
  }
  assert.equal(await opened(dial(`${shell.url}socket`, { authorization: server.ann.authorization })), true);

  const typed = await ask(shell.url, { "sec-fetch-dest": "document" });
  assert.equal(typed.status, 302);
  const there = typed.headers.location ?? "";
  assert.match(there, new RegExp(`/api/plays/${id}/shells/${shell.id}/open\\?path=`));
  const back = await server.request({
    as: server.ann,
    url: new URL(there).pathname + new URL(there).search,
    headers: { host: appHost(server) },
  });
  const ticket = await ask(String(back.headers.location));
  const cookie = [ticket.headers["set-cookie"]].flat()[0]?.split(";")[0] ?? "";
  assert.match(cookie, /^labyard_port=/);
  assert.equal((await ask(shell.url, { cookie })).status, 200);
  assert.equal(await opened(dial(`${shell.url}socket`, { cookie, origin: new URL(shell.url).origin })), true);
  // A page of an app that the same play exposes is not the shell's page.
  assert.equal(await opened(dial(`${shell.url}socket`, { cookie, origin: `http://${id}-0a0a0a.localhost` })), false);

  const other = await call<ShellJson>(server, server.ann, "POST", `/plays/${id}/shells`, { machine: "machine-01" });
  assert.equal((await ask(other.url, { cookie })).status, 401);
});

test("destroying a play takes its shared shells away", async () => {
  await using server = await serve();
  const { id } = await readyPlay(server);
  const { url } = await call<ShellJson>(server, server.ann, "POST", `/plays/${id}/shells`, {
    machine: "machine-01",
    access: "public",
  });
  await call(server, server.ann, "POST", `/plays/${id}/actions`, { action: "destroy" });
  assert.equal((await ask(url)).status, 404);
  assert.deepEqual(await call(server, server.ann, "GET", `/plays/${id}/shells`), []);
  const [status] = await refused(server, server.ann, "POST", `/plays/${id}/shells`, { machine: "machine-01" });
  assert.equal(status, 409);
});

test("a journal: what is read travels in the ticket, which may be dialled again and from odd origins", async () => {
  await using server = await serve();
  const { id } = await readyPlay(server);
  const { url } = await call<{ url: string }>(server, server.ann, "POST", `/plays/${id}/journals`, {
    unit: "ssh; id",
    lines: 5,
    since: "",
    machine: "",
  });
  assert.match(url, /^ws:\/\/[^?]+\/journals\/socket\?ticket=[A-Za-z0-9_-]+$/);
  for (let i = 0; i < 2; i++) {
    assert.equal(await opened(dial(url, { origin: "https://cli.http://127.0.0.1" })), true);
  }
  assert.deepEqual(server.plays.upgrades.at(-1), {
    kind: "journal",
    machine: "machine-01",
    query: { unit: "ssh; id", lines: 5 },
  });
  assert.equal(await opened(dial(url.replace(/ticket=.*/, "ticket=x"))), false);
  assert.equal(await opened(dial(url.replace(id, "0".repeat(24)))), false);

  assert.equal((await refused(server, server.bob, "POST", `/plays/${id}/journals`, {}))[0], 404);
  assert.equal((await refused(server, server.ann, "POST", `/plays/${id}/journals`, { machine: "x" }))[0], 404);
  assert.equal((await refused(server, server.ann, "POST", `/plays/${id}/journals`, { unit: "a\0b" }))[0], 400);
  server.advance(11 * 60_000);
  assert.equal(await opened(dial(url)), false);
});

test("a scan is for the play's owner and names the machine it asks", async () => {
  await using server = await serve();
  const { id } = await readyPlay(server);
  server.plays.listeners.set("machine-01:8080", 1);
  const found = await call(server, server.ann, "POST", `/plays/${id}/ports/scan`);
  assert.deepEqual(found, [{ machine: "machine-01", number: 8080, protocol: "HTTP" }]);
  assert.deepEqual(await call(server, server.ann, "POST", `/plays/${id}/ports/scan?machine=machine-01`), found);
  assert.equal((await refused(server, server.bob, "POST", `/plays/${id}/ports/scan`))[0], 404);
  assert.equal((await refused(server, server.ann, "POST", `/plays/${id}/ports/scan?machine=x`))[0], 404);
});
