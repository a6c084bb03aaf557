import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccessToken } from "../../src/api/contract/tokens.ts";
import type { CreatedUser, User } from "../../src/api/contract/users.ts";
import type { PlayJson } from "../../src/api/contract/plays.ts";
import { startTestServer, type TestPerson, type TestServer } from "../fixtures/test-server.ts";
import { WebVisitor } from "../fixtures/web-visitor.ts";

const good = "correct horse battery";

async function ask(
  server: TestServer,
  as: TestPerson,
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
) {
  return server.request({
    as,
    method,
    url: `/api${path}`,
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  });
}

async function addUser(server: TestServer, name: string, more: object = {}): Promise<CreatedUser> {
  const reply = await ask(server, server.owner, "POST", "/users", { name, ...more });
  assert.equal(reply.statusCode, 200, reply.body);
  return reply.json();
}

async function createToken(server: TestServer, as: TestPerson, scope: string[]) {
  const reply = await ask(server, as, "POST", "/oauth/tokens", { name: "t", scope });
  assert.equal(reply.statusCode, 200, reply.body);
  const token = reply.json<AccessToken & { accessToken: string }>();
  return { ...token, person: { id: as.id, authorization: `Bearer ${token.accessToken}` } };
}

test("an invited person logs in once by the address, sets a password, and comes back with it", async () => {
  await using server = await startTestServer();
  const { user, invitation } = await addUser(server, "carol");
  assert.equal(user.hasPassword, false);
  const code = new URL(invitation?.url ?? "").searchParams.get("code");
  const browser = new WebVisitor(server);
  assert.equal((await browser.ask("POST", "/auth/login", { code })).statusCode, 200);
  assert.equal((await new WebVisitor(server).ask("POST", "/auth/login", { code })).statusCode, 401);

  assert.equal((await browser.ask("PUT", "/account/password", { password: "short" })).statusCode, 400);
  assert.equal((await browser.ask("PUT", "/account/password", { password: good })).statusCode, 200);
  const other = new WebVisitor(server);
  assert.equal(await other.logIn("Carol", good), 200, "names are told apart without regard to case");
  assert.equal((await other.ask("GET", "/auth/me")).json().name, "carol");

  // A change needs the old one, and ends the sessions that the old one opened.
  const change = (current?: string) => browser.ask("PUT", "/account/password", { current, password: `${good} staple` });
  assert.equal((await change()).statusCode, 401);
  assert.equal((await change("wrong")).statusCode, 401);
  assert.equal((await change(good)).statusCode, 200);
  assert.equal(await other.status("/auth/me"), 401);
  assert.equal(await browser.status("/auth/me"), 200);
  assert.equal(await other.logIn("carol", good), 401);
  const stored = JSON.stringify(await server.database.selectFrom("users").selectAll().execute());
  assert.ok(!stored.includes("horse"));
});

test("an invitation ends with its time, and with the account", async () => {
  await using server = await startTestServer();
  const codeOf = (url: string) => new URL(url).searchParams.get("code");
  const late = codeOf((await addUser(server, "carol")).invitation?.url ?? "");
  const again = await ask(server, server.owner, "POST", "/users/carol/invitations");
  await ask(server, server.owner, "PATCH", "/users/carol", { disabled: true });
  const attempt = (code: string | null) => new WebVisitor(server).ask("POST", "/auth/login", { code });
  assert.equal((await attempt(codeOf(again.json().url))).statusCode, 401);
  await ask(server, server.owner, "PATCH", "/users/carol", { disabled: false });
  assert.equal((await attempt(late)).statusCode, 401, "disabling has ended the invitations, too");
  const third = codeOf((await ask(server, server.owner, "POST", "/users/carol/invitations")).json().url);
  server.advance(8 * 24 * 60 * 60_000);
  assert.equal((await attempt(third)).statusCode, 401);
});

test("nothing tells a wrong password from an unknown, disabled or passwordless account", async () => {
  await using server = await startTestServer();
  await addUser(server, "carol", { password: good });
  await addUser(server, "dave", { password: good });
  await addUser(server, "erin");
  await ask(server, server.owner, "PATCH", "/users/dave", { disabled: true });
  const attempts: Array<[string, string]> = [
    ["carol", "wrong password"],
    ["nobody-here", good],
    ["dave", good],
    ["erin", good],
    ["erin", ""],
  ];
  const bodies = new Set<string>();
  for (const [name, password] of attempts.slice(0, 4)) {
    const reply = await new WebVisitor(server).ask("POST", "/auth/login", { name, password });
    assert.equal(reply.statusCode, 401);
    assert.equal(reply.headers["set-cookie"], undefined);
    bodies.add(reply.body);
  }
  assert.equal(bodies.size, 1);
  assert.match([...bodies][0] ?? "", /server\/login-failed/);
});

test("guessing slows down for the guesser, and not for the owner elsewhere", async () => {
  await using server = await startTestServer();
  await addUser(server, "carol", { password: good });
  const guesser = new WebVisitor(server, "203.0.113.9");
  for (let i = 0; i < 5; i++) assert.equal(await guesser.logIn("carol", `guess number ${i}`), 401);
  const refused = await guesser.ask("POST", "/auth/login", { name: "carol", password: good });
  assert.equal(refused.statusCode, 429, "even with the right password");
  assert.match(refused.json().error, /try again in \d+ s/);
  assert.equal(await new WebVisitor(server, "198.51.100.4").logIn("carol", good), 200);
  server.advance(2000);
  assert.equal(await guesser.logIn("carol", good), 200);
});

test("a server without passwords takes none", async () => {
  await using server = await startTestServer("login: {passwords: false}");
  assert.equal((await ask(server, server.owner, "POST", "/users", { name: "carol", password: good })).statusCode, 403);
  assert.equal(await new WebVisitor(server).logIn("carol", good), 403);
  const methods = await server.request({ method: "GET", url: "/api/auth/methods" });
  assert.deepEqual(methods.json(), { passwords: false, providers: [] });
});

test("only administrators manage people; names, addresses and handles belong to one", async () => {
  await using server = await startTestServer();
  for (const [method, path] of [
    ["GET", "/users"],
    ["POST", "/users"],
    ["PATCH", "/users/bob"],
    ["DELETE", "/users/bob"],
    ["POST", "/users/bob/invitations"],
    ["GET", "/groups"],
    ["PUT", "/groups/spring"],
    ["PUT", "/groups/spring/members/ann"],
    ["DELETE", "/groups/spring"],
  ] as const) {
    const body = method === "GET" || method === "DELETE" ? undefined : { name: "x" };
    assert.equal((await ask(server, server.ann, method, path, body)).statusCode, 403, `${method} ${path}`);
  }
  await addUser(server, "carol", { email: "c@example.com", githubHandle: "Carol-Dev" });
  for (const taken of [
    { name: "carol" },
    { name: "x1", email: "C@example.com" },
    { name: "x2", githubHandle: "carol-dev" },
  ]) {
    assert.equal((await ask(server, server.owner, "POST", "/users", taken)).statusCode, 409, JSON.stringify(taken));
  }
  for (const name of ["", "Carol", "a b", "-x", "../x", "x".repeat(41)]) {
    assert.equal((await ask(server, server.owner, "POST", "/users", { name })).statusCode, 400, name);
  }
});

test("the account of the server's home can be neither disabled, demoted nor removed", async () => {
  await using server = await startTestServer();
  const path = `/users/${server.owner.id}`;
  assert.equal((await ask(server, server.owner, "PATCH", path, { disabled: true })).statusCode, 409);
  assert.equal((await ask(server, server.owner, "PATCH", path, { administrator: false })).statusCode, 409);
  assert.equal((await ask(server, server.owner, "DELETE", path)).statusCode, 409);
  assert.equal((await ask(server, server.owner, "GET", "/auth/me")).json().administrator, true);
});

test("a person who is removed leaves nothing: plays destroyed, playgrounds, sessions and tokens gone", async () => {
  await using server = await startTestServer();
  const started = (await ask(server, server.ann, "POST", "/plays", { playground: "flexbox" })).json<PlayJson>();
  server.plays.becomeReady(started.id);
  await createToken(server, server.ann, ["account:read"]);
  assert.equal((await ask(server, server.owner, "DELETE", "/users/ann")).statusCode, 200);
  assert.equal(server.plays.plays.get(started.id)?.state.stateEvents.at(-1)?.state, "DESTROYED");
  const { database } = server;
  assert.deepEqual(await database.selectFrom("plays").selectAll().where("owner", "=", "ann").execute(), []);
  assert.deepEqual(await database.selectFrom("sessions").selectAll().where("user_id", "=", "ann").execute(), []);
  assert.deepEqual(await database.selectFrom("tokens").selectAll().where("user_id", "=", "ann").execute(), []);
  assert.equal((await ask(server, server.ann, "GET", "/auth/me")).statusCode, 401);
});

test("sessions are listed with where they came from, and ended one by one", async () => {
  await using server = await startTestServer();
  await addUser(server, "carol", { password: good });
  const [here, there] = [new WebVisitor(server, "192.0.2.1"), new WebVisitor(server, "192.0.2.2")];
  await here.logIn("carol", good);
  await there.logIn("carol", good);
  const sessions = (await here.ask("GET", "/sessions")).json<
    Array<{ id: string; address: string; current: boolean }>
  >();
  assert.deepEqual(Object.fromEntries(sessions.map(({ address, current }) => [address, current])), {
    "192.0.2.1": true,
    "192.0.2.2": false,
  });
  const other = sessions.find(({ current }) => !current)?.id;
  const stranger = new WebVisitor(server);
  assert.equal((await stranger.ask("DELETE", `/sessions/${other}`)).statusCode, 401);
  assert.equal((await ask(server, server.bob, "DELETE", `/sessions/${other}`)).statusCode, 404);
  assert.equal((await here.ask("DELETE", `/sessions/${other}`)).statusCode, 200);
  assert.equal(await there.status("/auth/me"), 401);
});

test("a client's request is shown with its address, and can be denied", async () => {
  await using server = await startTestServer();
  const asked = await server.request({
    method: "POST",
    url: "/api/sessions",
    remoteAddress: "192.0.2.50",
    headers: { "user-agent": "labctl/v0.1.107" },
  });
  const { id, accessToken } = asked.json();
  await addUser(server, "carol", { password: good });
  const browser = new WebVisitor(server);
  await browser.logIn("carol", good);
  const shown = (await browser.ask("GET", `/sessions/${id}`)).json();
  assert.equal(shown.address, "192.0.2.50");
  assert.equal((await ask(server, server.ann, "GET", `/sessions/${id}`)).statusCode, 403, "programs see no requests");
  assert.equal((await browser.ask("POST", `/sessions/${id}/deny`)).statusCode, 200);
  assert.equal((await browser.ask("POST", `/sessions/${id}/approve`)).statusCode, 404);
  assert.equal((await browser.ask("POST", `/sessions/${id}/deny`)).statusCode, 404);
  const poll = await server.request({
    method: "GET",
    url: `/api/sessions/${id}`,
    headers: { authorization: `Basic ${btoa(`${id}:${accessToken}`)}` },
  });
  assert.equal(poll.statusCode, 401);
});

test("an approved session cannot be denied by somebody else", async () => {
  await using server = await startTestServer();
  const { session } = await server.accounts.createSession("client", "ann", { userAgent: "labctl" });
  await addUser(server, "mallory", { password: good });
  const mallory = new WebVisitor(server);
  await mallory.logIn("mallory", good);
  assert.equal((await mallory.ask("POST", `/sessions/${session.id}/deny`)).statusCode, 404);
  assert.ok(await server.accounts.findSession(session.id));
});

test("a token is also a session's pair, logs itself out, and goes no further than its scopes", async () => {
  await using server = await startTestServer();
  const token = await createToken(server, server.ann, ["playground:read", "account:read", "account:write"]);
  const pair = { id: "ann", authorization: `Basic ${btoa(`${token.id}:${token.accessToken}`)}` };
  assert.equal((await ask(server, pair, "GET", "/auth/me?authenticate=true")).json().id, "ann");
  assert.equal((await ask(server, pair, "GET", "/plays")).statusCode, 200);
  assert.equal((await ask(server, pair, "POST", "/plays", { playground: "flexbox" })).statusCode, 403);
  const swapped = { id: "ann", authorization: `Basic ${btoa(`other:${token.accessToken}`)}` };
  assert.equal((await ask(server, swapped, "GET", "/auth/me")).statusCode, 401);
  // With account:write it could otherwise give itself everything.
  assert.equal((await ask(server, pair, "POST", "/auth/login-codes")).statusCode, 403);
  assert.equal((await ask(server, pair, "POST", "/auth/signin-url")).statusCode, 403);
  assert.equal((await ask(server, pair, "PUT", "/account/password", { password: good })).statusCode, 403);
  const more = await ask(server, pair, "POST", "/oauth/tokens", { name: "more", scope: ["playground:write"] });
  assert.equal(more.statusCode, 403);

  assert.equal((await ask(server, pair, "DELETE", `/sessions/${token.id}`)).statusCode, 200);
  assert.equal((await ask(server, pair, "GET", "/auth/me")).statusCode, 401);
  assert.equal((await ask(server, token.person, "GET", "/auth/me")).statusCode, 401);
});

test("an administrator's token with some scopes is no administrator's key", async () => {
  await using server = await startTestServer();
  const token = await createToken(server, server.owner, ["account:read", "account:write"]);
  for (const [method, path] of [
    ["GET", "/users"],
    ["POST", "/users/ann/invitations"],
    ["GET", "/groups"],
  ] as const) {
    assert.equal((await ask(server, token.person, method, path)).statusCode, 403, path);
  }
});

test("every route asks for a scope", async () => {
  await using server = await startTestServer();
  const token = await createToken(server, server.ann, ["learning:read"]);
  const document = (await server.request({ method: "GET", url: "/api/openapi.json" })).json<{
    paths: Record<string, Record<string, unknown>>;
  }>();
  /** For anybody, or about the credential itself. */
  const open = [
    /^get \/api\/health$/,
    /^get \/api\/auth\/methods$/,
    /^post \/api\/auth\/(login|logout)$/,
    /^post \/api\/sessions$/,
    /^get \/api\/auth\/providers\//,
    /^get \/api\/content\/files\//,
    // The ticket in its address is the permission.
    /^put \/api\/content\/uploads\//,
    /^get \/api\/gateway\/\{tunnelId\}\/login$/,
    // Shown to a browser only.
    /^get \/api\/sessions\/\{id\}$/,
  ];
  const wrong: string[] = [];
  let asked = 0;
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const method of Object.keys(methods)) {
      if (open.some(pattern => pattern.test(`${method} ${path}`))) continue;
      const url = path.replaceAll(/\{[^}]+\}/g, "0123456789abcdef01234567");
      const body = {
        name: "x",
        scope: ["learning:read"],
        source: "x",
        playground: "flexbox",
        base: "flexbox",
        action: "stop",
        machine: "m",
        number: 1,
        region: "eu",
        password: good,
        cols: 80,
        rows: 24,
        user: "root",
        command: "x",
        kind: "playground",
        file: "a",
        content: "x",
        for: "create",
      };
      const reply = await server.request({
        as: token.person,
        method: method.toUpperCase(),
        url: `${url}?issuer=x&kind=playground&name=x&file=a`,
        ...(method === "get" ? {} : { payload: JSON.stringify(body) }),
      });
      if (reply.statusCode !== 403 || !reply.body.includes("lacks the scope")) {
        wrong.push(`${method} ${path}: ${reply.statusCode} ${reply.body.slice(0, 200)}`);
      }
      asked += 1;
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(asked > 30, `${asked} routes were asked`);
});

test("the region is remembered and told", async () => {
  await using server = await startTestServer();
  const reply = await ask(server, server.ann, "PATCH", "/account/preferences", { region: "ap" });
  assert.deepEqual(reply.json(), { id: "ann", name: "ann", administrator: false, preferredRegion: "ap" });
  assert.equal((await ask(server, server.ann, "GET", "/auth/me?authenticate=true")).json().preferredRegion, "ap");
  assert.equal((await ask(server, server.ann, "PATCH", "/account/preferences", { region: "<b>" })).statusCode, 400);
});

test("administrators see everybody, with their active plays", async () => {
  await using server = await startTestServer();
  const play = (await ask(server, server.ann, "POST", "/plays", { playground: "flexbox" })).json<PlayJson>();
  server.plays.becomeReady(play.id);
  const users = (await ask(server, server.owner, "GET", "/users")).json<User[]>();
  assert.deepEqual(
    users.map(({ name, activePlays, administrator }) => [name, activePlays, administrator]),
    [
      ["owner", 0, true],
      ["ann", 1, false],
      ["bob", 0, false],
    ],
  );
});

test("requests are counted per person, told in headers, and never for streams and the own name", async () => {
  await using server = await startTestServer("rateLimits: {perMinute: 5, anonymousPerMinute: 2}");
  const play = (await ask(server, server.ann, "POST", "/plays", { playground: "flexbox" })).json<PlayJson>();
  const list = () => ask(server, server.ann, "GET", "/plays");
  const first = await list();
  assert.equal(first.headers["x-ratelimit-limit"], "5");
  assert.equal(first.headers["x-ratelimit-remaining"], "4");
  for (let i = 0; i < 4; i++) assert.equal((await list()).statusCode, 200);
  const refused = await list();
  assert.equal(refused.statusCode, 429);
  assert.equal(refused.json().code, "server/rate-limited");
  const reset = Number(refused.headers["x-ratelimit-reset"]);
  assert.ok(Number.isInteger(reset) && reset > 0 && reset <= 60, "seconds, as the official client reads them");

  assert.equal((await ask(server, server.bob, "GET", "/plays")).statusCode, 200, "others are not held up");
  assert.equal((await ask(server, server.ann, "POST", `/plays/${play.id}/conns`)).statusCode, 200);
  assert.equal((await ask(server, server.ann, "GET", "/auth/me?authenticate=true")).statusCode, 200);
  // Wrong credentials count for the address they come from.
  const wrong = () => server.request({ method: "GET", url: "/api/plays", headers: { authorization: "Bearer wrong" } });
  assert.equal((await wrong()).statusCode, 401);
  assert.equal((await wrong()).statusCode, 401);
  assert.equal((await wrong()).statusCode, 429);
});

test("a person's active plays, their processors and their memory are bounded, restarts included", async () => {
  await using server = await startTestServer(
    "limits: {machine: {vcpus: 2, memoryMiB: 1024}, play: {vcpus: 2, memoryMiB: 1024}, user: {vcpus: 4, memoryMiB: 2048}}\n" +
      "plays: {maxActivePerUser: 3}",
  );
  const machines = (cpuCount: number, ramSize: string) => [
    {
      name: "m",
      users: [{ name: "root" }],
      drives: [{ source: "debian-12", mount: "/" }],
      network: { interfaces: [{ network: "local" }] },
      resources: { cpuCount, ramSize },
    },
  ];
  const start = async (as: TestPerson, cpuCount: number, ramSize: string) => {
    const reply = await ask(server, as, "POST", "/plays", {
      playground: "flexbox",
      machines: machines(cpuCount, ramSize),
    });
    if (reply.statusCode === 200) server.plays.becomeReady(reply.json().id);
    return reply;
  };
  const first = await start(server.ann, 2, "1GiB");
  assert.equal(first.statusCode, 200, first.body);
  assert.equal((await start(server.ann, 1, "512MiB")).statusCode, 200);
  const tooManyCpus = await start(server.ann, 2, "512MiB");
  assert.equal(tooManyCpus.statusCode, 409);
  assert.equal(tooManyCpus.json().code, "server/quota-exceeded");
  assert.match(tooManyCpus.json().error, /needs 2 vCPUs; your active plays have 3, and 4 is the limit/);
  const tooMuchMemory = await start(server.ann, 1, "1GiB");
  assert.match(tooMuchMemory.json().error, /needs 1GiB of memory/);
  assert.equal((await start(server.bob, 2, "1GiB")).statusCode, 200, "each person has a quota of their own");

  const usage = (await ask(server, server.ann, "GET", "/account")).json().quotas;
  assert.deepEqual(usage.vcpus, { used: 3, limit: 4 });
  assert.deepEqual(usage.memoryMiB, { used: 1536, limit: 2048 });
  assert.equal(usage.hostMemoryMiB.used, 2560);

  // A stopped play frees its share, and needs it again to come back.
  const act = (action: string) => ask(server, server.ann, "POST", `/plays/${first.json().id}/actions`, { action });
  assert.equal((await act("stop")).statusCode, 200);
  assert.equal((await start(server.ann, 2, "512MiB")).statusCode, 200);
  const restart = await act("restart");
  assert.equal(restart.statusCode, 409, restart.body);
  assert.equal(restart.json().code, "server/quota-exceeded");
});

test("starts at the same time share one quota", async () => {
  await using server = await startTestServer("plays: {maxActivePerUser: 2}");
  const replies = await Promise.all(
    Array.from({ length: 6 }, () => ask(server, server.ann, "POST", "/plays", { playground: "flexbox" })),
  );
  assert.equal(replies.filter(reply => reply.statusCode === 200).length, 2);
  assert.ok(replies.every(reply => reply.statusCode === 200 || reply.json().code === "server/too-many-plays"));
});

test("the host's memory bounds all plays together; the only play is never refused for it", async () => {
  await using server = await startTestServer("limits: {host: {memoryMiB: 1000}}", { hostMemoryMiB: 2000 });
  const start = (as: TestPerson) => ask(server, as, "POST", "/plays", { playground: "flexbox" });
  const first = await start(server.ann);
  assert.equal(first.statusCode, 200, first.body);
  server.plays.becomeReady(first.json().id);
  const refused = await start(server.bob);
  assert.equal(refused.statusCode, 503);
  assert.equal(refused.json().code, "server/host-full");
  assert.match(
    refused.json().error,
    /needs 1280MiB of memory; all active plays have 1280MiB, and 1000MiB is the limit/,
  );
});

test("a play is let in by what it gets on this host, and counted by what it got", async () => {
  await using server = await startTestServer("", { hostMemoryMiB: 4096 });
  const machine = (name: string, ramSize?: string) => ({
    name,
    users: [{ name: "root" }],
    drives: [{ source: "debian-12", mount: "/" }],
    network: { interfaces: [{ network: "local" }] },
    ...(ramSize === undefined ? {} : { resources: { ramSize } }),
  });
  const start = async (machines: object[]) => {
    const reply = await ask(server, server.ann, "POST", "/plays", { playground: "flexbox", machines });
    assert.equal(reply.statusCode, 200, reply.body);
    const play = reply.json<PlayJson>();
    server.plays.becomeReady(play.id);
    return play;
  };
  const usage = async () => (await ask(server, server.ann, "GET", "/account")).json().quotas;
  const sizes = (play: PlayJson) => play.machines.map(({ resources }) => resources.ramSize);

  await start([machine("small", "512MiB")]);
  // 3584 MiB are left for machines: a third of that each, where a larger host would give each 4 GiB.
  const three = await start([machine("a"), machine("b"), machine("c")]);
  assert.deepEqual(sizes(three), ["1GiB", "1GiB", "1GiB"]);
  assert.equal(three.warnings, undefined, "3.5 of 4 GiB is not tight");
  assert.deepEqual((await usage()).memoryMiB, { used: 3584, limit: 64 * 1024 });
  assert.deepEqual((await usage()).hostMemoryMiB, { used: 3584, limit: 8192 });

  const tight = await start([machine("large", "1GiB")]);
  assert.match(tight.warnings?.[0]?.message ?? "", /may use 4608MiB, more than the 4GiB of this host/);

  // Begun when this host had more: it keeps what it got then, and needs that to come back.
  server.plays.resize(three.id, { vcpus: 1, memoryMiB: 2048 });
  assert.equal((await usage()).memoryMiB.used, 3 * 2048 + 1536);
  const act = (action: string) => ask(server, server.ann, "POST", `/plays/${three.id}/actions`, { action });
  assert.equal((await act("stop")).statusCode, 200);
  await start([machine("another", "1GiB")]);
  const restart = await act("restart");
  assert.equal(restart.json().code, "server/host-full", restart.body);
  assert.match(restart.json().error, /needs 6GiB of memory/);
});
