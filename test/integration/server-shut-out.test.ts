import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { PlayJson } from "../../src/api/contract/plays.ts";
import { WebSocket } from "ws";
import { startTestServer, type TestServer } from "../fixtures/test-server.ts";

/** Everything Ann can hold open: the state of her play, a command, and a response of an app that never ends. */
async function holdEverything(server: TestServer) {
  const app = createServer((_request, response) => void response.write("first words\n"));
  app.listen(0, "127.0.0.1");
  await once(app, "listening");
  server.plays.listeners.set("machine-01:8080", (app.address() as AddressInfo).port);
  await server.app.listen({ host: "127.0.0.1", port: 0 });
  const { host, port } = new URL(server.origins.appUrl);
  const post = (path: string, body?: object) =>
    server.request({
      as: server.ann,
      method: "POST",
      url: `/api${path}`,
      headers: { host },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
  const tabs = [{ kind: "http-port", name: "App", machine: "machine-01", number: 8080 }];
  const play = (await post("/plays", { playground: "flexbox", tabs })).json<PlayJson>();
  server.plays.becomeReady(play.id);

  const stateUrl = (await post(`/plays/${play.id}/conns`)).json<{ url: string }>().url;
  const states = new WebSocket(stateUrl);
  const terminal = (await post(`/plays/${play.id}/terminals`, { machine: "machine-01", cols: 80, rows: 24 })).json();
  const shell = new WebSocket((terminal as { url: string }).url);
  await Promise.all([once(states, "open"), once(shell, "open")]);

  const label = new URL(play.tabs[0]?.url ?? "").host.split(".")[0] ?? "";
  const request = get({
    host: "127.0.0.1",
    port,
    path: "/",
    headers: { host: `${server.origins.portHostName(label)}:${port}`, authorization: server.ann.authorization },
  });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  await once(response, "data");
  const closed = Promise.all([
    once(states, "close"),
    once(shell, "close"),
    new Promise<void>(resolve => response.once("close", resolve)),
  ]);
  // A response that is cut off is an error for its reader.
  response.on("error", () => {});
  states.on("error", () => {});
  shell.on("error", () => {});
  return {
    closed,
    stateUrl,
    [Symbol.dispose]: () => {
      app.closeAllConnections();
      app.close();
      states.terminate();
      shell.terminate();
    },
  };
}

async function isRefused(url: string): Promise<boolean> {
  const socket = new WebSocket(url);
  return new Promise(resolve => {
    socket.once("open", () => resolve(false));
    socket.once("error", () => resolve(true));
  });
}

test("disabling a person ends their streams, shells and visits to private ports at once", async () => {
  await using server = await startTestServer();
  using held = await holdEverything(server);
  const disable = await server.request({
    as: server.owner,
    method: "PATCH",
    url: "/api/users/ann",
    payload: '{"disabled": true}',
  });
  assert.equal(disable.statusCode, 200);
  await held.closed;
  assert.ok(await isRefused(held.stateUrl), "the ticket could be used again, but not by somebody who is shut out");
  assert.equal((await server.request({ as: server.ann, method: "GET", url: "/api/plays" })).statusCode, 401);
});

test("ending one session ends what it opened, and nothing of another one", async () => {
  await using server = await startTestServer();
  using held = await holdEverything(server);
  const other = await server.accounts.createSession("client", "ann", { userAgent: "other" });
  const authorization = `Basic ${btoa(`${other.session.id}:${other.secret}`)}`;
  const sessions = (await server.request({ method: "GET", url: "/api/sessions", headers: { authorization } })).json<
    Array<{ id: string; current: boolean }>
  >();
  const first = sessions.find(({ current }) => !current)?.id;
  const ended = await server.request({ method: "DELETE", url: `/api/sessions/${first}`, headers: { authorization } });
  assert.equal(ended.statusCode, 200);
  await held.closed;
  assert.ok(await isRefused(held.stateUrl));
  assert.equal(
    (await server.request({ method: "GET", url: "/api/plays", headers: { authorization } })).statusCode,
    200,
  );
});

test("the address of an upload is good only while its author is", async () => {
  await using server = await startTestServer();
  const made = await server.request({
    as: server.ann,
    method: "POST",
    url: "/api/playgrounds",
    payload: JSON.stringify({
      name: "pictures",
      base: "flexbox",
      title: "With pictures",
      accessControl: { canList: ["owner"], canRead: ["owner"], canStart: ["owner"] },
    }),
  });
  const { name } = made.json<{ name: string }>();
  const file = "__static__/a.txt";
  const asked = await server.request({
    as: server.ann,
    method: "PUT",
    url: "/api/content/files",
    payload: JSON.stringify({ kind: "playground", name, file }),
  });
  assert.equal(asked.statusCode, 200, asked.body);
  const upload = () =>
    server.request({
      method: "PUT",
      url: new URL(asked.json<{ uploadUrl: string }>().uploadUrl).pathname,
      payload: "x",
    });
  assert.equal((await upload()).statusCode, 200);
  await server.request({ as: server.owner, method: "PATCH", url: "/api/users/ann", payload: '{"disabled": true}' });
  assert.equal((await upload()).statusCode, 403);
});
