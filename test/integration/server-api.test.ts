import assert from "node:assert/strict";
import { test } from "node:test";
import { Problem } from "../../src/api/problems.ts";
import type { PlayState } from "../../src/api/play-state.ts";
import type { PlayJson } from "../../src/api/contract/plays.ts";
import type { PlaygroundJson } from "../../src/api/contract/playgrounds.ts";
import { updatePlay } from "../../src/store/database/plays.ts";
import { drive } from "../../src/manifest/testing/case.ts";
import { sampleWith } from "../../src/manifest/testing/sample.ts";
import { startTestServer, type TestPerson, type TestServer } from "../fixtures/test-server.ts";

const machine = {
  name: "web-01",
  users: [{ name: "root" }, { name: "laborant", default: true }],
  drives: [{ source: "debian-12", mount: "/" }],
  network: { interfaces: [{ network: "local" }] },
  resources: { cpuCount: 1, ramSize: "512MiB" },
};

/** As the official client sends it: arrays or null, empty text, no Content-Type. */
const createBody = {
  name: "demo",
  base: "flexbox",
  title: "Demo playground",
  description: "",
  categories: null,
  networks: null,
  machines: [machine],
  tabs: [
    { kind: "terminal", name: "", machine: "web-01" },
    { kind: "http-port", name: "App", machine: "web-01", number: 8080 },
  ],
  initTasks: { seed: { name: "seed", init: true, user: "root", run: "true", machine: "web-01" } },
  initConditions: { values: [{ key: "flavor", default: "nginx", options: ["nginx", "caddy"] }] },
  registryAuth: "someone:secret-word",
  accessControl: { canList: ["owner"], canRead: ["owner", "user:bob"], canStart: ["owner"] },
};

async function create(server: TestServer, as: TestPerson, change: object = {}): Promise<PlaygroundJson> {
  const reply = await server.request({
    as,
    method: "POST",
    url: "/api/playgrounds",
    payload: JSON.stringify({ ...createBody, ...change }),
  });
  assert.equal(reply.statusCode, 200, reply.body);
  return reply.json();
}

async function start(server: TestServer, as: TestPerson, body: object): Promise<PlayJson> {
  const reply = await server.request({ as, method: "POST", url: "/api/plays", payload: JSON.stringify(body) });
  assert.equal(reply.statusCode, 200, reply.body);
  return reply.json();
}

const act = (server: TestServer, as: TestPerson, id: string, body: object) =>
  server.request({ as, method: "POST", url: `/api/plays/${id}/actions`, payload: JSON.stringify(body) });

test("a playground is created with a suffix, dumped, and updated with its own dump", async () => {
  await using server = await startTestServer();
  const created = await create(server, server.ann);
  assert.match(created.name, /^demo-[0-9a-f]{8}$/);
  assert.equal(created.owner, "ann");
  assert.match(created.pageUrl, /\/playgrounds\/demo-/);

  const url = `/api/playgrounds/${created.name}`;
  const dump = async () =>
    (await server.request({ as: server.ann, method: "GET", url: `${url}?format=extended` })).json<PlaygroundJson>();
  const first = await dump();
  assert.equal(first.registryAuth, "someone:secret-word");
  assert.deepEqual(first.categories, ["linux", "networking"]);
  assert.equal(typeof first.machines?.[0]?.kernel, "undefined");

  const update = await server.request({ as: server.ann, method: "PUT", url, payload: JSON.stringify(first) });
  assert.equal(update.statusCode, 200, update.body);
  const second = await dump();
  assert.deepEqual({ ...second, updatedAt: "" }, { ...first, updatedAt: "" });
});

test("an update replaces everything but the cover", async () => {
  await using server = await startTestServer();
  const { name } = await create(server, server.ann, { cover: "https://example.com/a.png", description: "old" });
  const url = `/api/playgrounds/${name}`;
  const {
    cover: _cover,
    description: _description,
    initConditions: _conditions,
    ...rest
  } = (await server.request({ as: server.ann, method: "GET", url: `${url}?format=extended` })).json<PlaygroundJson>();
  const updated = await server.request({ as: server.ann, method: "PUT", url, payload: JSON.stringify(rest) });
  assert.equal(updated.statusCode, 200, updated.body);
  assert.equal(updated.json().cover, "https://example.com/a.png");
  assert.equal(updated.json().description, "");
  assert.deepEqual(updated.json().initConditions, { values: [] });

  const incomplete = await server.request({
    as: server.ann,
    method: "PUT",
    url,
    payload: JSON.stringify({ title: "Only a title" }),
  });
  assert.equal(incomplete.statusCode, 400);
  assert.match(incomplete.json().error, /an update replaces everything/);
});

test("the spellings of both known clients are one field, in bodies without a type", async () => {
  await using server = await startTestServer();
  const theirs = {
    machines: [
      { ...machine, noSsh: true },
      { ...machine, name: "b" },
    ],
    initTasks: { seed: { name: "seed", init: true, run: "true", machine: "b", timeoutSeconds: 90 } },
    portForwards: [{ kind: "local", machine: "b", localhost: "127.0.0.1", localport: 8080, remoteport: 80 }],
    tabs: null,
  };
  const created = await create(server, server.ann, theirs);
  const dump = await server.request({
    as: server.ann,
    method: "GET",
    url: `/api/playgrounds/${created.name}?format=extended`,
  });
  const { machines, initTasks, portForwards, tabs } = dump.json<PlaygroundJson>();
  assert.deepEqual(
    machines?.map(({ noSSH }) => noSSH),
    [true, undefined],
  );
  assert.deepEqual([initTasks?.seed?.timeout_seconds, initTasks?.seed?.timeoutSeconds], [90, 90]);
  const update = (seconds: number) =>
    server.request({
      as: server.ann,
      method: "PUT",
      url: `/api/playgrounds/${created.name}`,
      payload: JSON.stringify({ ...dump.json(), initTasks: { seed: { ...initTasks?.seed, timeoutSeconds: seconds } } }),
    });
  const same = await update(90);
  assert.equal(same.statusCode, 200, same.body);
  const different = await update(91);
  assert.equal(different.statusCode, 400);
  assert.match(different.json().error, /"timeoutSeconds" .*is given twice, as "timeout_seconds" with another value/);
  assert.deepEqual(portForwards, [
    { kind: "local", machine: "b", localHost: "127.0.0.1", localPort: 8080, remotePort: 80 },
  ]);
  assert.deepEqual(
    tabs?.map(tab => `${tab.kind} ${tab.machine}`),
    ["terminal b"],
  );
});

test("all problems of a manifest come in one reply", async () => {
  await using server = await startTestServer();
  const reply = await server.request({
    as: server.ann,
    method: "POST",
    url: "/api/playgrounds",
    payload: JSON.stringify({ ...createBody, title: "x", base: "flexbax", accessControl: {} }),
  });
  assert.equal(reply.statusCode, 400);
  const { error, details } = reply.json();
  assert.match(error, /and \d+ more problems/);
  const codes = new Set(details.map((finding: { code: string }) => finding.code));
  for (const code of ["manifest/base-unknown", "manifest/title-length", "manifest/access-control"]) {
    assert.ok(codes.has(code), code);
  }
});

test("access lists decide between 200, 403 and 404, and secrets are for the owner", async () => {
  await using server = await startTestServer();
  const { name } = await create(server, server.ann);
  const get = (as: TestPerson | undefined, query = "") =>
    server.request({ ...(as ? { as } : {}), method: "GET", url: `/api/playgrounds/${name}${query}` });

  assert.equal((await get(undefined)).statusCode, 404);
  const read = await get(server.bob, "?format=extended");
  assert.equal(read.statusCode, 200);
  assert.equal(read.json().registryAuth, "***");
  assert.ok(!read.body.includes("secret-word"));
  assert.deepEqual(read.json().userAccess, { canList: false, canRead: true, canStart: false });

  const startIt = await server.request({
    as: server.bob,
    method: "POST",
    url: "/api/plays",
    payload: JSON.stringify({ playground: name }),
  });
  assert.equal(startIt.statusCode, 403);
  const edit = await server.request({ as: server.bob, method: "DELETE", url: `/api/playgrounds/${name}` });
  assert.equal(edit.statusCode, 403);
  assert.equal(
    (await server.request({ as: server.ann, method: "DELETE", url: `/api/playgrounds/${name}` })).statusCode,
    200,
  );
  assert.equal((await get(server.ann)).statusCode, 404);
  const builtIn = await server.request({ as: server.owner, method: "DELETE", url: "/api/playgrounds/flexbox" });
  assert.equal(builtIn.statusCode, 403);
});

test("a playground that may only be started shows its parameters and not its making", async () => {
  await using server = await startTestServer();
  const lists = { canList: ["owner"], canRead: ["owner"], canStart: ["anyone"] };
  const { name } = await create(server, server.ann, { accessControl: lists });
  const plain = await server.request({ as: server.bob, method: "GET", url: `/api/playgrounds/${name}` });
  assert.equal(plain.statusCode, 200);
  assert.equal(plain.json().initConditions.values[0].key, "flavor");
  assert.equal(plain.json().initTasks, undefined);
  const dump = await server.request({ as: server.bob, method: "GET", url: `/api/playgrounds/${name}?format=extended` });
  assert.equal(dump.statusCode, 403);
});

test("the filters of the catalogue", async () => {
  await using server = await startTestServer();
  const everyone = { canList: ["anyone"], canRead: ["anyone"], canStart: ["anyone"] };
  const { name } = await create(server, server.ann, { accessControl: everyone });
  const names = async (as: TestPerson | undefined, filter?: string) => {
    const url = `/api/playgrounds${filter === undefined ? "" : `?filter=${filter}`}`;
    const reply = await server.request({ ...(as ? { as } : {}), method: "GET", url });
    return reply.json<PlaygroundJson[]>().map(playground => playground.name);
  };
  assert.ok((await names(undefined)).includes("flexbox"));
  assert.ok(!(await names(server.ann)).includes(name));
  assert.deepEqual(await names(server.ann, "my-custom"), [name]);
  assert.deepEqual(await names(server.ann, "community"), []);
  assert.deepEqual(await names(server.bob, "community"), [name]);
  assert.deepEqual(await names(undefined, "my-custom"), []);
  assert.deepEqual(await names(server.bob, "recent"), []);
  await start(server, server.bob, { playground: "flexbox" });
  await start(server, server.bob, { playground: name });
  await start(server, server.bob, { playground: name });
  assert.deepEqual(await names(server.bob, "recent"), [name, "flexbox"]);
  assert.deepEqual(await names(undefined, "popular"), [name, "flexbox"]);
});

test("a play has the shape that the official client decodes", async () => {
  await using server = await startTestServer();
  const { name } = await create(server, server.ann);
  const play = await start(server, server.ann, {
    playground: name,
    safetyDisclaimerConsent: true,
    initConditions: { flavor: "caddy" },
  });
  assert.match(play.id, /^[0-9a-f]{24}$/);
  assert.deepEqual(play.tasks, { seed: { name: "seed", init: true, helper: false, status: 10, version: 1 } });
  assert.equal(play.machines[0]?.resources.cpuCount, 1);
  assert.equal(play.machines[0]?.resources.ramSize, "512MiB");
  assert.ok(Number.isInteger(play.expiresIn) && play.expiresIn > 0);
  assert.equal(play.maxPlayTime, "8h0m0s");
  assert.match(play.updatedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(play.status.stateEvents.at(-1)?.state, "CREATED");
  assert.deepEqual(play.initConditions, { flavor: "caddy" });
  assert.ok(!JSON.stringify(play).includes("secret-word"));
  const [terminal, app] = play.tabs;
  assert.equal(terminal?.kind, "terminal");
  assert.match(app?.url ?? "", new RegExp(`^http://${play.id}-[0-9a-f]{6}\\.localhost:8765$`));

  server.plays.becomeReady(play.id);
  const ready = (
    await server.request({ as: server.ann, method: "GET", url: `/api/plays/${play.id}` })
  ).json<PlayJson>();
  assert.equal(ready.active, true);
  assert.deepEqual(ready.status.machines[0]?.conditions[0]?.status, "True");
});

test("a start merges overrides, and refuses bad conditions before anything begins", async () => {
  await using server = await startTestServer();
  const play = await start(server, server.ann, {
    playground: "flexbox",
    machines: [{ ...machine, name: "other-01", backend: "firecracker", hostname: "x" }],
    initTasks: null,
    tabs: null,
  });
  assert.deepEqual(
    play.machines.map(each => each.name),
    ["other-01"],
  );
  assert.ok(play.warnings?.some(warning => warning.code === "manifest/unknown-field"));

  const { name } = await create(server, server.ann);
  const created = server.plays.calls.length;
  const refused = await server.request({
    as: server.ann,
    method: "POST",
    url: "/api/plays",
    payload: JSON.stringify({ playground: name, initConditions: { flavor: "apache" } }),
  });
  assert.equal(refused.statusCode, 400);
  assert.match(refused.json().error, /"flavor" must be one of: nginx, caddy/);
  assert.equal(server.plays.calls.length, created);
});

test("a start held to the small plan keeps its requests and tells what became of them", async () => {
  await using server = await startTestServer();
  const large = { ...machine, resources: { cpuCount: 4, ramSize: "8GiB" } };
  const { name } = await create(server, server.ann, { machines: [large] });
  const begin = async (body: object) => {
    const { id, machines, warnings = [] } = await start(server, server.ann, { playground: name, ...body });
    const reply = await server.request({ as: server.ann, method: "GET", url: `/api/plays/${id}/state` });
    const { notices } = reply.json<PlayState>();
    // Who only starts it, and who looks at it later.
    assert.deepEqual(warnings, notices);
    const later = await server.request({ as: server.ann, method: "GET", url: `/api/plays/${id}` });
    assert.deepEqual(later.json<PlayJson>().warnings ?? [], notices);
    return { resources: machines[0]?.resources, notices, id };
  };
  const small = await begin({ asFreeTierUser: true });
  assert.deepEqual(small.resources, { cpuCount: 2, ramSize: "4GiB" });
  assert.deepEqual(small.notices, [
    {
      code: "resources/scaled-down",
      machine: "web-01",
      message:
        'machine "web-01" gets 2 instead of 4 vCPU and 4096 instead of 8192 MiB of memory: the limits here are ' +
        "2 vCPU and 4096 MiB per machine, 5 vCPU and 8192 MiB per play",
    },
  ]);
  const usage = await server.request({ as: server.ann, method: "GET", url: "/api/account" });
  assert.equal(usage.json().quotas.memoryMiB.used, 4096);
  const whole = await begin({});
  assert.deepEqual(whole, { resources: { cpuCount: 4, ramSize: "8GiB" }, notices: [], id: whole.id });
});

test("what is known of the images of a playground is told when it is saved, and hinders nothing", async () => {
  await using server = await startTestServer();
  server.plays.findings = [
    { code: "boot/no-init", message: "oci://x: there is no init", path: "playground.machines[0]" },
  ];
  const { name, warnings } = await create(server, server.ann);
  assert.ok(warnings?.some(warning => warning.code === "boot/no-init"));
  const dumped = await server.request({
    as: server.ann,
    method: "GET",
    url: `/api/playgrounds/${name}?format=extended`,
  });
  const reply = await server.request({
    as: server.ann,
    method: "PUT",
    url: `/api/playgrounds/${name}`,
    payload: dumped.body,
  });
  assert.equal(reply.statusCode, 200, reply.body);
  assert.equal(reply.json<PlaygroundJson>().warnings?.at(-1)?.message, "oci://x: there is no init");
});

test("a play that cannot be recorded leaves no trace", async () => {
  await using server = await startTestServer();
  server.plays.failures.set("create", new Problem("host/disk-full"));
  const reply = await server.request({
    as: server.ann,
    method: "POST",
    url: "/api/plays",
    payload: JSON.stringify({ playground: "flexbox" }),
  });
  assert.equal(reply.statusCode, 507);
  const list = await server.request({ as: server.ann, method: "GET", url: "/api/plays?persistent=any" });
  assert.deepEqual(list.json(), []);
});

test("DELETE destroys a play by the rules of the action", async () => {
  await using server = await startTestServer();
  const { id } = await start(server, server.ann, { playground: "flexbox" });
  const url = `/api/plays/${id}`;
  assert.equal((await server.request({ method: "DELETE", url })).statusCode, 401);
  assert.equal((await server.request({ as: server.bob, method: "DELETE", url })).statusCode, 404);
  assert.equal((await server.request({ as: server.ann, method: "GET", url })).json().active, true);
  const reply = await server.request({ as: server.ann, method: "DELETE", url });
  assert.equal(reply.statusCode, 200, reply.body);
  assert.equal(reply.json().status.stateEvents.at(-1).state, "DESTROYED");
  const rest = await server.request({ as: server.ann, method: "GET", url });
  assert.deepEqual([rest.statusCode, rest.json().active], [200, false]);
});

test("a play with an absurd time in its row leaves every reply readable", async () => {
  await using server = await startTestServer();
  const { id } = await start(server, server.ann, { playground: "flexbox" });
  await updatePlay(server.database, id, { max_play_time_ms: 1e20, expires_at: 1e20 });
  const list = await server.request({ as: server.ann, method: "GET", url: "/api/plays" });
  assert.equal(list.statusCode, 200, list.body);
  assert.deepEqual([list.json()[0].maxPlayTime, list.json()[0].expiresIn], ["87600h0m0s", 315_360_000_000]);
  assert.equal((await act(server, server.ann, id, { action: "destroy" })).statusCode, 200);
});

test("plays belong to who started them", async () => {
  await using server = await startTestServer();
  const { id } = await start(server, server.ann, { playground: "flexbox" });
  for (const [method, path] of [
    ["GET", ""],
    ["GET", "/state"],
    ["GET", "/tasks"],
    ["GET", "/ports"],
    ["GET", "/terminals"],
    ["POST", "/conns"],
  ] as const) {
    const url = `/api/plays/${id}${path}`;
    assert.equal((await server.request({ as: server.bob, method, url })).statusCode, 404, path);
    assert.equal((await server.request({ method, url })).statusCode, 401, path);
    assert.equal((await server.request({ as: server.owner, method, url })).statusCode, 200, path);
  }
  assert.deepEqual((await server.request({ as: server.bob, method: "GET", url: "/api/plays" })).json(), []);
});

test("every action answers with a JSON object, and the state decides which are allowed", async () => {
  await using server = await startTestServer();
  const { id } = await start(server, server.ann, { playground: "flexbox" });
  server.plays.becomeReady(id);
  const expectOk = async (body: object) => {
    const reply = await act(server, server.ann, id, body);
    assert.equal(reply.statusCode, 200, reply.body);
    return reply.json();
  };
  assert.equal((await expectOk({ action: "set_title", title: "Mine" })).title, "Mine");
  const timed = await expectOk({ action: "set_max_play_time", maxPlayTimeMinutes: 120 });
  assert.equal(timed.maxPlayTime, "2h0m0s");
  assert.ok(timed.expiresIn > 119 * 60_000 && timed.expiresIn <= 120 * 60_000);
  assert.equal((await expectOk({ action: "make_persistent" })).persistent, true);
  await expectOk({ action: "machine.reboot", machine: "machine-01" });
  const tooLong = await act(server, server.ann, id, { action: "set_max_play_time", maxPlayTimeMinutes: 150119987579 });
  assert.deepEqual([tooLong.statusCode, tooLong.json().code], [400, "server/bad-request"]);
  assert.match(tooLong.json().error, /maxPlayTimeMinutes.*5256000/);
  assert.deepEqual(await expectOk({ action: "machine.console.list", machine: "machine-01" }), { consoles: ["serial"] });
  const console = await expectOk({ action: "machine.console.read", machine: "machine-01", console: "serial" });
  assert.deepEqual(console, { content: "console of machine-01\n" });

  assert.equal((await act(server, server.ann, id, { action: "restart" })).statusCode, 409);
  assert.equal((await expectOk({ action: "stop" })).status.stateEvents.at(-1).state, "STOPPED");
  const restarted = await expectOk({ action: "restart" });
  assert.equal(restarted.machines.length, 1);
  assert.ok(restarted.pageUrl.endsWith(`/plays/${id}`));
  await expectOk({ action: "destroy" });

  const destroyed = await server.request({ as: server.ann, method: "GET", url: `/api/plays/${id}` });
  assert.equal(destroyed.statusCode, 200);
  assert.equal(destroyed.json().status.stateEvents.at(-1).state, "DESTROYED");
  assert.equal(destroyed.json().active, false);
  assert.equal((await act(server, server.ann, id, { action: "fly" })).statusCode, 400);
  const unknown = await act(server, server.ann, id, { action: "machine.stop", machine: "nope" });
  assert.equal(unknown.statusCode, 404);
});

test("listing splits plays by persistence; both lists together show each once", async () => {
  await using server = await startTestServer();
  const one = await start(server, server.ann, { playground: "flexbox" });
  const two = await start(server, server.ann, { playground: "flexbox" });
  await act(server, server.ann, two.id, { action: "make_persistent" });
  const ids = async (query: string) =>
    (await server.request({ as: server.ann, method: "GET", url: `/api/plays${query}` }))
      .json<PlayJson[]>()
      .map(play => play.id);
  assert.deepEqual(await ids(""), [one.id]);
  assert.deepEqual(await ids("?persistent=true"), [two.id]);
  assert.equal((await ids("?persistent=any")).length, 2);
});

test("the number of active plays is limited", async () => {
  await using server = await startTestServer("plays: {maxActivePerUser: 1}");
  const first = await start(server, server.ann, { playground: "flexbox" });
  const body = JSON.stringify({ playground: "flexbox" });
  const second = await server.request({ as: server.ann, method: "POST", url: "/api/plays", payload: body });
  assert.equal(second.statusCode, 409);
  assert.equal(second.json().code, "server/too-many-plays");
  await act(server, server.ann, first.id, { action: "stop" });
  await start(server, server.ann, { playground: "flexbox" });
});

test("tasks come with their output and can be retried and skipped", async () => {
  await using server = await startTestServer();
  const { name } = await create(server, server.ann);
  const { id } = await start(server, server.ann, { playground: name });
  server.plays.setTask(id, "seed", { status: 35, exitCode: 7, stderr: "no such package", lastDurationMs: 12.5 });
  const list = await server.request({
    as: server.ann,
    method: "GET",
    url: `/api/plays/${id}/tasks?machine=web-01&machine=x`,
  });
  assert.equal(list.statusCode, 200, list.body);
  const [task] = list.json();
  assert.equal(task.stderr, "no such package");
  assert.equal(task.exitCode, 7);
  assert.ok(Number.isInteger(task.lastDurationMs));
  assert.deepEqual(
    (await server.request({ as: server.ann, method: "GET", url: `/api/plays/${id}/tasks?machine=x` })).json(),
    [],
  );

  const state = await server.request({ as: server.ann, method: "GET", url: `/api/plays/${id}/state` });
  assert.equal(state.json().tasks[0].stderr, "");
  assert.equal(
    (await server.request({ as: server.ann, method: "POST", url: `/api/plays/${id}/tasks/seed/retry` })).statusCode,
    200,
  );
  assert.equal(
    (await server.request({ as: server.ann, method: "POST", url: `/api/plays/${id}/tasks/seed/skip` })).statusCode,
    200,
  );
  assert.equal(
    (await server.request({ as: server.ann, method: "POST", url: `/api/plays/${id}/tasks/nope/skip` })).statusCode,
    404,
  );
});

test("an unexpected failure tells an id and nothing else", async () => {
  await using server = await startTestServer();
  const { id } = await start(server, server.ann, { playground: "flexbox" });
  server.plays.failures.set("state", new Error("password=hunter2 in /var/lib/labyard"));
  const reply = await server.request({ as: server.ann, method: "GET", url: `/api/plays/${id}` });
  assert.equal(reply.statusCode, 500);
  assert.match(reply.json().error, /\(id [0-9a-f]{12}\)/);
  assert.ok(!reply.body.includes("hunter2") && !reply.body.includes("/var/lib"));
});

test("bodies are JSON whatever their type, and bad ones are the client's fault", async () => {
  await using server = await startTestServer();
  for (const type of [undefined, "text/plain", "application/x-www-form-urlencoded", "application/octet-stream"]) {
    const reply = await server.request({
      as: server.ann,
      method: "POST",
      url: "/api/plays",
      headers: type === undefined ? {} : { "content-type": type },
      payload: JSON.stringify({ playground: "flexbox" }),
    });
    assert.equal(reply.statusCode, 200, reply.body);
  }
  const bad = await server.request({ as: server.ann, method: "POST", url: "/api/plays", payload: "{" });
  assert.equal(bad.statusCode, 400);
  assert.match(bad.json().error, /not JSON/);
  const empty = await server.request({ as: server.ann, method: "POST", url: "/api/plays" });
  assert.equal(empty.statusCode, 400);
  const huge = await server.request({
    as: server.ann,
    method: "POST",
    url: "/api/plays",
    payload: `"${"x".repeat(5 << 20)}"`,
  });
  assert.equal(huge.statusCode, 413);
  const wrongId = await server.request({ as: server.ann, method: "GET", url: "/api/plays/not-an-id" });
  assert.equal(wrongId.statusCode, 400);
  const nowhere = await server.request({ as: server.ann, method: "POST", url: "/api/nothing/here" });
  assert.equal(nowhere.statusCode, 404);
  assert.equal(typeof nowhere.json().error, "string");
});

test("a manifest is checked without being saved", async () => {
  await using server = await startTestServer();
  const source = "kind: playground\ntitle: abc\nplayground:\n  machines: []\n";
  const reply = await server.request({
    method: "POST",
    url: "/api/manifest/check",
    payload: JSON.stringify({ source }),
  });
  assert.equal(reply.statusCode, 200, reply.body);
  assert.equal(reply.json().valid, false);
  assert.ok(
    reply
      .json()
      .findings.some(
        (finding: { code: string; line?: number }) => finding.code === "manifest/title-length" && finding.line === 2,
      ),
  );
  // What saving and starting refuse.
  const saved = await server.request({
    method: "POST",
    url: "/api/manifest/check",
    payload: JSON.stringify({
      source: sampleWith(drive("{source: snapshot, snapshot: {id: s1}}")),
      base: "flexbox",
    }),
  });
  assert.deepEqual(
    saved.json().findings.map(({ code }: { code: string }) => code),
    ["manifest/snapshot-reference"],
  );
});

test("expired plays are stopped, and destroyed a week later unless they are persistent", async () => {
  await using server = await startTestServer("plays: {maxPlayTimeMinutes: 60}");
  const brief = await start(server, server.ann, { playground: "flexbox" });
  const lasting = await start(server, server.ann, { playground: "flexbox" });
  server.plays.becomeReady(brief.id);
  server.plays.becomeReady(lasting.id);
  await act(server, server.ann, lasting.id, { action: "make_persistent" });
  const stateOf = async (id: string) => (await server.plays.state(id))?.stateEvents.at(-1)?.state;
  const eventually = async (id: string, state: string) => {
    for (let i = 0; i < 1500 && (await stateOf(id)) !== state; i++)
      await new Promise(resolve => setTimeout(resolve, 20));
    assert.equal(await stateOf(id), state);
  };
  // Any change of a play makes the timer look again.
  const nudge = () => act(server, server.ann, lasting.id, { action: "set_title", title: "x" });

  server.advance(59 * 60_000);
  await nudge();
  assert.equal(await stateOf(brief.id), "RUNNING");
  server.advance(2 * 60_000);
  await nudge();
  await eventually(brief.id, "STOPPED");
  await eventually(lasting.id, "STOPPED");

  server.advance(8 * 24 * 60 * 60_000);
  await nudge();
  await eventually(brief.id, "DESTROYED");
  assert.equal(await stateOf(lasting.id), "STOPPED");
});
