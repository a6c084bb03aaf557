import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestServer } from "../fixtures/test-server.ts";
import { startTestServer } from "../fixtures/test-server.ts";
import { type Labctl, typescriptLabctl } from "../labctl/labctl.ts";
import { eventually } from "../labctl/step.ts";

// What goes wrong between the official client and the server, with our client of the same words. Its own waits run
// twenty times faster than the real one's; the server's clock is the real one.

const fast = { secondMs: 50 };
let home: string;
before(async () => void (home = await mkdtemp(join(tmpdir(), "labyard-labctl-"))));
after(() => rm(home, { recursive: true }));

async function listen(server: TestServer): Promise<string> {
  await server.app.listen({ host: "127.0.0.1", port: 0 });
  return `http://127.0.0.1:${(server.app.server.address() as AddressInfo).port}`;
}

function clientOf(server: TestServer, endpoint: string, options = fast): Labctl {
  const [, pair = ""] = server.ann.authorization.split(" ");
  const [sessionId = "", accessToken = ""] = Buffer.from(pair, "base64").toString().split(":");
  const client = typescriptLabctl({ home, caFile: undefined }, options);
  const env = { IXIMIUZ_SESSION_ID: sessionId, IXIMIUZ_ACCESS_TOKEN: accessToken };
  return {
    name: client.name,
    run: (args, more) => client.run(["--endpoint", endpoint, ...args], { env, ...more }),
    start: (args, more) => client.start(["--endpoint", endpoint, ...args], { env, ...more }),
  };
}

/** A server that answers as the test says, one answer per request. */
async function scripted(
  answer: (request: IncomingMessage, count: number) => { status: number; headers?: object; body?: string },
) {
  let count = 0;
  const listener: RequestListener = (request, response) => {
    request.resume();
    const { status, headers = {}, body = "{}" } = answer(request, ++count);
    response.writeHead(status, { ...headers });
    response.end(body);
  };
  const server = createServer(listener);
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count: () => count,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

/** The id of Ann's newest play, once there is one. */
const playOf = (server: TestServer) =>
  eventually(10_000, async () => {
    const [id] = [...server.plays.plays.keys()].toReversed();
    assert.ok(id);
    return id;
  });

test("503 three times is borne, 429 waits as long as it is told, and 500 is final", async () => {
  const ours = typescriptLabctl({ home, caFile: undefined }, fast);
  await using busy = await scripted((_request, count) => (count <= 3 ? { status: 503 } : { status: 200, body: "[]" }));
  assert.equal((await ours.run(["--endpoint", busy.url, "playground", "catalog", "-q"])).exitCode, 0);
  assert.equal(busy.count(), 4);
  await using limited = await scripted((_request, count) =>
    count === 1 ? { status: 429, headers: { "x-ratelimit-reset": "2" } } : { status: 200, body: "[]" },
  );
  const begun = Date.now();
  assert.equal((await ours.run(["--endpoint", limited.url, "playground", "catalog", "-q"])).exitCode, 0);
  assert.ok(Date.now() - begun >= 2 * fast.secondMs);
  await using broken = await scripted(() => ({ status: 500, body: '{"error":"no"}' }));
  const { exitCode, stderr } = await ours.run(["--endpoint", broken.url, "playground", "catalog", "-q"]);
  assert.deepEqual([exitCode, broken.count()], [1, 1]);
  assert.match(stderr, /request failed with status 500: \{"error":"no"\}/);
});

test("a tunnel that is refused for long is asked for again; no body of a retry is lost", async () => {
  const ours = typescriptLabctl({ home, caFile: undefined }, fast);
  await ours.run(["--endpoint", "http://127.0.0.1:1", "auth", "login", "-s", "s", "-t", "t"], { home });
  const play = { id: "0".repeat(24), machines: [{ name: "m", users: [{ name: "joe", default: true }] }], tasks: {} };
  const bodies: string[] = [];
  const asked: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    asked.push(`${request.method} ${request.url}`);
    if (request.url?.endsWith("/tunnels")) {
      bodies.push(body);
      // Held for longer than the client's budget for one call, then refused: what a slow machine looks like.
      if (bodies.length <= 3) await sleep(11 * fast.secondMs);
      response.writeHead(bodies.length <= 3 ? 503 : 400).end('{"error":"enough"}');
    } else {
      response.end(JSON.stringify(play));
    }
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    // Nothing is waited for: the tunnel is what follows the start.
    const consent = ["--safety-disclaimer-consent"];
    const { exitCode, stderr } = await ours.run(
      ["--endpoint", endpoint, "playground", "start", "x", "--ide", "code", ...consent],
      { home },
    );
    assert.equal(exitCode, 1);
    assert.match(stderr, /status 400: \{"error":"enough"\}/);
    assert.deepEqual(asked, [
      "POST /api/plays",
      ...Array.from({ length: 4 }, () => `POST /api/plays/${play.id}/tunnels`),
    ]);
    for (const body of bodies) {
      const sent = JSON.parse(body) as Record<string, unknown>;
      assert.deepEqual(Object.keys(sent), ["machine", "port", "access", "generateLoginUrl", "sshUser", "sshPubKey"]);
      assert.match(String(sent.sshPubKey), /^ssh-ed25519 \S+ labctl\n$/);
      assert.equal(sent.sshUser, "joe");
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("our client is as strict as the real one: what would break Go breaks it", async () => {
  const ours = typescriptLabctl({ home, caFile: undefined }, fast);
  const play = { id: "0".repeat(24), machines: [{ name: "m" }], tasks: {}, expiresIn: 1 };
  const replies: Array<[string, RegExp]> = [
    ["", /EOF/],
    [JSON.stringify({ ...play, expiresIn: "1" }), /cannot unmarshal "1" at \$\.expiresIn/],
    [JSON.stringify(play).replace('"expiresIn":1', '"expiresIn":1e3'), /cannot unmarshal/],
    [JSON.stringify({ ...play, expiresIn: 1.5 }), /cannot unmarshal/],
    [JSON.stringify({ ...play, playground: { machines: [{ kernel: "6.1" }] } }), /kernel/],
    [
      JSON.stringify({
        ...play,
        status: { machines: [{ name: "m", conditions: [{ name: "Ready", lastTransitionAt: "now" }] }] },
      }),
      /RFC 3339/,
    ],
  ];
  for (const [body, why] of replies) {
    await using server = await scripted(() => ({ status: 200, body }));
    const { exitCode, stderr } = await ours.run(["--endpoint", server.url, "playground", "status", "x"]);
    assert.equal(exitCode, 2, stderr);
    assert.match(stderr, why);
  }
  await using empty = await scripted(() => ({ status: 200, body: JSON.stringify({ ...play, machines: [] }) }));
  const { stderr } = await ours.run(["--endpoint", empty.url, "playground", "restart", "0".repeat(24)]);
  assert.match(stderr, /index out of range \[0\]/);
});

test("start waits through a silent minute of its socket, then for an init task that fails until its patience ends", async () => {
  await using server = await startTestServer();
  const labctl = clientOf(server, await listen(server), { secondMs: 1000 });
  const quiet = labctl.start(["playground", "start", "flexbox", "-q"]);
  const id = await playOf(server);
  // No state changes, and yet the connection lives: every message is a repetition.
  const silentMs = 60_000;
  await Promise.race([sleep(silentMs), quiet.ended.then(result => assert.fail(JSON.stringify(result)))]);
  server.plays.becomeReady(id);
  assert.deepEqual(await quiet.ended, { exitCode: 0, stdout: `${id}\n`, stderr: "" });

  const hurried = clientOf(server, server.origins.appUrl, { secondMs: 10 });
  const initTasks = { init_x: { init: true, machine: "debian-01", user: "root", run: "false" } };
  const stdin = JSON.stringify({ kind: "playground", playground: { initTasks } });
  const failing = hurried.start(["playground", "start", "debian-12", "-q", "-f", "-"], { stdin });
  const second = await eventually(10_000, async () => {
    const newest = await playOf(server);
    assert.notEqual(newest, id);
    return newest;
  });
  server.plays.becomeReady(second);
  server.plays.setTask(second, "init_x", { status: 35, exitCode: 1 });
  const { exitCode, stderr } = await failing.ended;
  assert.deepEqual([exitCode, stderr], [1, "labctl: Context deadline exceeded.\n"]);
  // `wait` sees it and tells.
  const waited = await hurried.run(["playground", "wait", second, "--init-only"]);
  assert.deepEqual([waited.exitCode, waited.stderr], [0, "Some tasks have failed.\n"]);
  const tasks = await hurried.run(["playground", "tasks", second, "--wait", "--fail-fast"]);
  assert.deepEqual([tasks.exitCode, /init_x\s+debian-01\s+failed/.test(tasks.stdout)], [2, true]);
});

test("a play that was ready before anybody listened does not hang its start", async () => {
  await using server = await startTestServer();
  const labctl = clientOf(server, await listen(server));
  const initTasks = { init_x: { init: true, machine: "debian-01", user: "root", run: "true" } };
  const stdin = JSON.stringify({ kind: "playground", playground: { initTasks } });
  const started = labctl.start(["playground", "start", "debian-12", "-q", "-f", "-"], { stdin });
  const id = await playOf(server);
  server.plays.becomeReady(id);
  server.plays.setTask(id, "init_x", { status: 40 });
  assert.equal((await started.ended).exitCode, 0);
  assert.equal((await labctl.run(["playground", "wait", id])).exitCode, 0);
});

test("stop and destroy end as soon as it has happened; a destroyed play stays readable", async () => {
  await using server = await startTestServer();
  const labctl = clientOf(server, await listen(server));
  const started = labctl.start(["playground", "start", "flexbox", "-q"]);
  const id = await playOf(server);
  server.plays.becomeReady(id);
  await started.ended;
  assert.deepEqual(await labctl.run(["playground", "stop", id, "-q"]), { exitCode: 0, stdout: "", stderr: "" });
  assert.equal((await labctl.run(["playground", "wait", id])).exitCode, 1);
  assert.equal((await labctl.run(["playground", "restart", id, "-q"])).stdout, `${id}\n`);
  assert.deepEqual(await labctl.run(["playground", "destroy", id, "-q"]), { exitCode: 0, stdout: "", stderr: "" });
  const { stdout } = await labctl.run(["playground", "status", id, "-o", "json"]);
  assert.equal(JSON.parse(stdout).state, "DESTROYED");
});

test("a backend is chosen by sending the playground's own machines back", async () => {
  await using server = await startTestServer();
  const labctl = clientOf(server, await listen(server));
  for (const playground of ["debian-12", "flexbox", "k3s", "docker"]) {
    const seen = new Set(server.plays.plays.keys());
    const started = labctl.start(["playground", "start", playground, "-q", "--backend", "firecracker"]);
    const id = await eventually(10_000, async () => {
      const fresh = [...server.plays.plays.keys()].find(each => !seen.has(each));
      assert.ok(fresh, started.stderr());
      return fresh;
    });
    const { machines } = server.plays.plays.get(id)?.request.manifest.playground ?? { machines: [] };
    assert.deepEqual(new Set(machines.map(machine => machine.backend)), new Set(["firecracker"]));
    server.plays.becomeReady(id);
    assert.equal((await started.ended).exitCode, 0);
    await labctl.run(["playground", "destroy", id, "-q"]);
  }
});

test("expose local's play may have ports before it runs, and needs no consent", async () => {
  await using server = await startTestServer();
  await listen(server);
  const created = await server.request({
    as: server.ann,
    method: "POST",
    url: "/api/plays",
    payload: JSON.stringify({ playground: "alpine", safetyDisclaimerConsent: false }),
  });
  assert.equal(created.statusCode, 200, created.body);
  const { id, machines } = created.json();
  assert.equal((await server.plays.state(id))?.stateEvents.at(-1)?.state, "CREATED");
  const port = await server.request({
    as: server.ann,
    method: "POST",
    url: `/api/plays/${id}/ports`,
    payload: JSON.stringify({ machine: machines[0].name, number: 4000, access: "public" }),
  });
  assert.equal(port.statusCode, 200, port.body);
  assert.equal(port.json().access, "public");
});

test("no route minds a missing Content-Type: bodies are JSON whatever their type", async () => {
  await using server = await startTestServer();
  const { paths } = server.app.swagger() as unknown as { paths: Record<string, Record<string, object>> };
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter(method => ["post", "put", "patch"].includes(method))
      .map(method => [method.toUpperCase() as "POST", path.replaceAll(/\{[^}]+\}/g, "0".repeat(24))] as const),
  );
  assert.ok(routes.length > 20, `only ${routes.length} routes were found`);
  for (const [method, url] of routes) {
    for (const type of [undefined, "text/plain", "application/json", "application/octet-stream"]) {
      const headers = type === undefined ? {} : { "content-type": type };
      const broken = await server.request({ as: server.owner, method, url, headers, payload: "{broken" });
      assert.notEqual(broken.statusCode, 415, `${method} ${url} with ${type}: ${broken.body}`);
      const body = await server.request({ as: server.owner, method, url, headers, payload: "{}" });
      assert.notEqual(body.statusCode, 415, `${method} ${url} with ${type}: ${body.body}`);
      assert.notEqual(body.statusCode, 500, `${method} ${url} with ${type}: ${body.body}`);
      if (body.statusCode >= 400) assert.equal(typeof body.json().error, "string", `${method} ${url}: ${body.body}`);
    }
  }
});
