import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startTestServer, type TestServer } from "../fixtures/test-server.ts";

const origin = "http://127.0.0.1:8765";

async function logIn(server: TestServer): Promise<string> {
  const { code } = await server.accounts.createLoginCode("ann");
  const reply = await server.request({
    method: "POST",
    url: "/api/auth/login",
    headers: { origin },
    payload: JSON.stringify({ code }),
  });
  assert.equal(reply.statusCode, 200, reply.body);
  assert.equal(reply.json().id, "ann");
  return String(reply.headers["set-cookie"]);
}

const pairOf = (setCookie: string) => setCookie.split(";")[0] ?? "";

test("a login code gives a browser session, once", async () => {
  await using server = await startTestServer();
  const { code } = await server.accounts.createLoginCode("ann");
  const login = () => server.request({ method: "POST", url: "/api/auth/login", payload: JSON.stringify({ code }) });
  const first = await login();
  assert.equal(first.statusCode, 200);
  const cookie = String(first.headers["set-cookie"]);
  assert.match(cookie, /^labyard_session_8765=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/);
  const second = await login();
  assert.equal(second.statusCode, 401);
  assert.equal(second.json().code, "server/login-code-invalid");

  const me = await server.request({ method: "GET", url: "/api/auth/me", headers: { cookie: pairOf(cookie) } });
  assert.deepEqual(me.json(), { id: "ann", name: "ann", administrator: false });
  const tampered = `${pairOf(cookie).slice(0, -2)}xx`;
  assert.equal(
    (await server.request({ method: "GET", url: "/api/auth/me", headers: { cookie: tampered } })).statusCode,
    401,
  );

  const logout = await server.request({
    method: "POST",
    url: "/api/auth/logout",
    headers: { cookie: pairOf(cookie), origin },
  });
  assert.match(String(logout.headers["set-cookie"]), /Max-Age=0/);
  assert.equal(
    (await server.request({ method: "GET", url: "/api/auth/me", headers: { cookie: pairOf(cookie) } })).statusCode,
    401,
  );
});

test("codes and sessions end with their time", async () => {
  await using server = await startTestServer();
  const { code } = await server.accounts.createLoginCode("ann");
  const cookie = pairOf(await logIn(server));
  server.advance(16 * 60_000);
  const late = await server.request({ method: "POST", url: "/api/auth/login", payload: JSON.stringify({ code }) });
  assert.equal(late.statusCode, 401);
  assert.equal((await server.request({ method: "GET", url: "/api/auth/me", headers: { cookie } })).statusCode, 200);
  server.advance(31 * 24 * 60 * 60_000);
  assert.equal((await server.request({ method: "GET", url: "/api/auth/me", headers: { cookie } })).statusCode, 401);
});

test("over https the cookie is bound to its host by name", async () => {
  await using server = await startTestServer("publicUrl: https://labs.example.com\nportsDomain: ports.example.net");
  const { code } = await server.accounts.createLoginCode("ann");
  const reply = await server.request({
    method: "POST",
    url: "/api/auth/login",
    headers: { host: "labs.example.com" },
    payload: JSON.stringify({ code }),
  });
  assert.match(
    String(reply.headers["set-cookie"]),
    /^__Host-labyard_session=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+; Secure$/,
  );
  assert.match(String(reply.headers["strict-transport-security"]), /max-age/);
});

test("what another site makes the browser send is refused", async () => {
  await using server = await startTestServer();
  const cookie = pairOf(await logIn(server));
  const post = (headers: Record<string, string>) =>
    server.request({ method: "POST", url: "/api/auth/login-codes", headers: { cookie, ...headers } });
  assert.equal((await post({ origin })).statusCode, 200);
  assert.equal((await post({ "sec-fetch-site": "same-origin" })).statusCode, 200);
  for (const headers of [
    { origin: "https://evil.example" },
    { origin: "http://evil.localhost:8765" },
    { origin: "http://127.0.0.1:9999" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site" },
    {},
  ]) {
    const reply = await post(headers);
    assert.equal(reply.statusCode, 403, JSON.stringify(headers));
    assert.equal(reply.json().code, "server/cross-site");
  }
  // Logging somebody in as somebody else is an attack as well.
  const login = await server.request({
    method: "POST",
    url: "/api/auth/login",
    headers: { origin: "https://evil.example" },
    payload: '{"code":"x"}',
  });
  assert.equal(login.statusCode, 403);
});

test("a name that is not ours gets nothing (DNS rebinding)", async () => {
  await using server = await startTestServer();
  for (const host of ["evil.example:8765", "127.0.0.1.evil.example"]) {
    const reply = await server.request({ method: "GET", url: "/api/health", headers: { host } });
    assert.equal(reply.statusCode, 403, host);
  }
  for (const host of ["localhost:8765", "127.0.0.1:8765", "[::1]:8765"]) {
    assert.equal(
      (await server.request({ method: "GET", url: "/api/health", headers: { host } })).statusCode,
      200,
      host,
    );
  }
});

test("a program logs in when a person approves it in the browser", async () => {
  await using server = await startTestServer();
  const asked = await server.request({
    method: "POST",
    url: "/api/sessions",
    headers: { "user-agent": "labctl/v0.1.107" },
  });
  assert.equal(asked.statusCode, 200);
  const { id, accessToken, authUrl } = asked.json();
  assert.equal(authUrl, `${origin}/login/approve?session=${id}`);
  const authorization = `Basic ${btoa(`${id}:${accessToken}`)}`;
  const poll = () => server.request({ method: "GET", url: `/api/sessions/${id}`, headers: { authorization } });
  assert.equal((await poll()).json().authenticated, false);
  assert.equal(
    (await server.request({ method: "GET", url: "/api/auth/me?authenticate=true", headers: { authorization } }))
      .statusCode,
    401,
  );

  const approve = (headers: Record<string, string>) =>
    server.request({ method: "POST", url: `/api/sessions/${id}/approve`, headers });
  assert.equal((await approve({ authorization: server.bob.authorization })).statusCode, 403);
  const cookie = pairOf(await logIn(server));
  const shown = await server.request({ method: "GET", url: `/api/sessions/${id}`, headers: { cookie } });
  assert.equal(shown.json().userAgent, "labctl/v0.1.107");
  assert.ok(!shown.body.includes(accessToken));
  assert.equal((await approve({ cookie, origin })).statusCode, 200);

  const done = (await poll()).json();
  assert.equal(done.id, id);
  assert.equal(done.authenticated, true);
  assert.equal(done.userId, "ann");
  assert.equal(done.accessToken, undefined);
  const me = await server.request({ method: "GET", url: "/api/auth/me?authenticate=true", headers: { authorization } });
  assert.equal(me.json().id, "ann");

  assert.equal(
    (
      await server.request({
        method: "DELETE",
        url: `/api/sessions/${id}`,
        headers: { authorization: server.bob.authorization },
      })
    ).statusCode,
    404,
  );
  assert.equal(
    (await server.request({ method: "DELETE", url: `/api/sessions/${id}`, headers: { authorization } })).statusCode,
    200,
  );
  assert.equal((await poll()).statusCode, 401);
});

test("a session nobody approved is forgotten, and so many may wait", async () => {
  await using server = await startTestServer();
  const { id, accessToken } = (await server.request({ method: "POST", url: "/api/sessions" })).json();
  server.advance(16 * 60_000);
  const cookie = pairOf(await logIn(server));
  assert.equal(
    (await server.request({ method: "POST", url: `/api/sessions/${id}/approve`, headers: { cookie, origin } }))
      .statusCode,
    404,
  );
  const authorization = `Basic ${btoa(`${id}:${accessToken}`)}`;
  assert.equal(
    (await server.request({ method: "GET", url: `/api/sessions/${id}`, headers: { authorization } })).statusCode,
    401,
  );
});

test("login attempts are limited", async () => {
  await using server = await startTestServer();
  const attempt = () => server.request({ method: "POST", url: "/api/auth/login", payload: '{"code":"guess"}' });
  const replies = [];
  for (let i = 0; i < 25; i++) replies.push(await attempt());
  assert.equal(replies[0]?.statusCode, 401);
  const last = replies.at(-1);
  assert.equal(last?.statusCode, 429);
  assert.equal(last?.json().code, "server/rate-limited");
  assert.match(String(last?.headers["x-ratelimit-reset"]), /^\d+$/);
});

test("a personal access token does what its scopes say, and its secret is shown once", async () => {
  await using server = await startTestServer();
  const created = await server.request({
    as: server.ann,
    method: "POST",
    url: "/api/oauth/tokens",
    payload: JSON.stringify({ name: "ci", scope: ["playground:read"], expiresInDays: 1 }),
  });
  assert.equal(created.statusCode, 200, created.body);
  const { id, accessToken } = created.json();
  const authorization = `Bearer ${accessToken}`;
  const get = (url: string) => server.request({ method: "GET", url, headers: { authorization } });
  assert.equal((await get("/api/plays")).statusCode, 200);
  assert.equal((await get("/api/auth/me")).statusCode, 403);
  const start = await server.request({
    method: "POST",
    url: "/api/plays",
    headers: { authorization },
    payload: '{"playground":"flexbox"}',
  });
  assert.equal(start.statusCode, 403);
  assert.match(start.json().error, /lacks the scope "playground:write"/);

  const list = await server.request({ as: server.ann, method: "GET", url: "/api/oauth/tokens" });
  assert.equal(list.json().length, 1);
  assert.ok(!list.body.includes(accessToken));
  assert.equal(
    (await server.request({ as: server.bob, method: "DELETE", url: `/api/oauth/tokens/${id}` })).statusCode,
    404,
  );
  server.advance(25 * 60 * 60_000);
  assert.equal((await get("/api/plays")).statusCode, 401);
});

test("wrong credentials are refused, not taken for a stranger's", async () => {
  await using server = await startTestServer();
  for (const authorization of ["Basic bm86cGU=", "Bearer nope", "Digest x", "Basic"]) {
    const reply = await server.request({ method: "GET", url: "/api/playgrounds", headers: { authorization } });
    assert.equal(reply.statusCode, 401, authorization);
  }
});

test("secrets are stored as digests only", async () => {
  await using server = await startTestServer();
  const { code } = await server.accounts.createLoginCode("ann");
  const { secret } = await server.accounts.createSession("client", "ann", { userAgent: "x" });
  const stored = JSON.stringify([
    await server.database.selectFrom("sessions").selectAll().execute(),
    await server.database.selectFrom("login_codes").selectAll().execute(),
  ]);
  assert.ok(!stored.includes(secret) && !stored.includes(code));
});

test("our own pages carry a strict policy, and say when they were not built", async () => {
  await using server = await startTestServer();
  const page = await server.request({ method: "GET", url: "/plays/abc" });
  assert.equal(page.statusCode, 503);
  assert.match(page.body, /web UI has not been built/);
  const policy = String(page.headers["content-security-policy"]);
  assert.match(policy, /script-src 'self';/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.match(policy, /frame-src 'self' http:\/\/\*\.localhost:\*/);
  assert.equal((await server.request({ method: "GET", url: "/assets/missing.js" })).statusCode, 404);
});

test("a built web UI is served: pages lead to the index, assets are kept for long", async () => {
  const directory = await mkdtemp(join(tmpdir(), "labyard-web-"));
  await mkdir(join(directory, "assets"));
  await writeFile(join(directory, "index.html"), "<title>the app</title>");
  await writeFile(join(directory, "assets", "app-1a2b.js"), "1");
  try {
    await using server = await startTestServer("", { webDirectory: directory });
    for (const url of ["/", "/plays/0123", "/login?code=x.y"]) {
      const page = await server.request({ method: "GET", url });
      assert.equal(page.statusCode, 200, url);
      assert.match(page.body, /the app/);
      assert.equal(page.headers["cache-control"], "no-cache");
      assert.match(String(page.headers["content-security-policy"]), /script-src 'self'/);
    }
    const asset = await server.request({ method: "GET", url: "/assets/app-1a2b.js" });
    assert.match(String(asset.headers["cache-control"]), /immutable/);
    assert.match(String(asset.headers["content-type"]), /javascript/);
    assert.equal((await server.request({ method: "GET", url: "/assets/old.js" })).statusCode, 404);
    assert.equal((await server.request({ method: "GET", url: "/../package.json" })).statusCode, 404);
    const api = await server.request({ method: "GET", url: "/api/nothing" });
    assert.equal(api.statusCode, 404);
    assert.equal(api.json().code, "server/not-found");
  } finally {
    await rm(directory, { recursive: true });
  }
});
