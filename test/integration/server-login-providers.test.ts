import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Problem } from "../../src/api/problems.ts";
import { parseConfig } from "../../src/server/config.ts";
import { findUserByName } from "../../src/store/database/users.ts";
import {
  type FakeGithub,
  type OpenIdServer,
  signInAtProvider,
  startFakeGithub,
  startOpenIdProvider,
} from "../fixtures/openid.ts";
import { startTestServer, type TestServer } from "../fixtures/test-server.ts";
import { WebVisitor } from "../fixtures/web-visitor.ts";

const app = "http://127.0.0.1:8765";
const callback = `${app}/api/auth/providers/corp/callback`;

/** Begins at the login page; returns the address that the provider sends the browser back to. */
async function goToProvider(visitor: WebVisitor, name: string, provider = "corp", next = "/"): Promise<string> {
  const reply = await visitor.ask("GET", `/auth/providers/${provider}/start?next=${encodeURIComponent(next)}`);
  assert.equal(reply.statusCode, 302, reply.body);
  return signInAtProvider(String(reply.headers.location), name, app);
}

const pathOf = (url: string) => new URL(url).pathname + new URL(url).search;

/** Where the browser stands after the whole way. */
async function logIn(visitor: WebVisitor, name: string, provider = "corp", next = "/"): Promise<string> {
  const back = await visitor.ask("GET", pathOf(await goToProvider(visitor, name, provider, next)));
  assert.equal(back.statusCode, 302, back.body);
  return String(back.headers.location).replace(app, "");
}

async function me(visitor: WebVisitor): Promise<{ id: string; name: string; githubProfileId?: string } | undefined> {
  const reply = await visitor.ask("GET", "/auth/me");
  return reply.statusCode === 200 ? reply.json() : undefined;
}

async function add(server: TestServer, person: object) {
  const payload = JSON.stringify(person);
  const reply = await server.request({ as: server.owner, method: "POST", url: "/api/users", payload });
  assert.equal(reply.statusCode, 200, reply.body);
  return reply.json<{ user: { id: string } }>().user;
}

describe("login by an OpenID provider", () => {
  let provider: OpenIdServer;
  let directory: string;
  const start = (allow: string, now?: string) =>
    startTestServer(
      `login: {oidc: [{name: corp, label: Example Corp, issuer: "${now ?? provider.issuer}", clientId: labyard, ` +
        `clientSecretFile: "${join(directory, "secret")}", allow: ${allow}}]}`,
    );

  before(async () => {
    provider = await startOpenIdProvider(callback, {
      carol: { email: "carol@example.com", email_verified: true, preferred_username: "Carol Ann!" },
      mallory: { email: "carol@example.com", email_verified: false, preferred_username: "owner" },
      dave: { email: "dave@elsewhere.example", email_verified: true, preferred_username: "dave" },
      tricky: { email: "x@evil.example@example.com.evil.example", email_verified: true },
    });
    directory = await mkdtemp(join(tmpdir(), "labyard-login-"));
    await writeFile(join(directory, "secret"), `${provider.clientSecret}\n`);
  });
  after(async () => {
    await provider[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  test("who may register gets an account, and the same one at the next login", async () => {
    await using server = await start("{domains: [example.com]}");
    const methods = await server.request({ method: "GET", url: "/api/auth/methods" });
    assert.deepEqual(methods.json().providers, [{ name: "corp", label: "Example Corp", issuer: provider.issuer }]);
    const visitor = new WebVisitor(server);
    assert.equal(await logIn(visitor, "carol", "corp", "/playgrounds/flexbox?x=1"), "/playgrounds/flexbox?x=1");
    const first = await me(visitor);
    assert.equal(first?.name, "carol-ann");
    const again = new WebVisitor(server);
    await logIn(again, "carol");
    assert.equal((await me(again))?.id, first?.id);
    assert.equal((await server.database.selectFrom("identities").selectAll().execute()).length, 1);
  });

  test("everybody else is refused, with a code for the login page and no account", async () => {
    await using server = await start("{domains: [example.com], emails: [someone@elsewhere.example]}");
    for (const name of ["dave", "mallory", "tricky", "unknown"]) {
      const visitor = new WebVisitor(server);
      assert.equal(await logIn(visitor, name), "/login?problem=server%2Flogin-not-allowed", name);
      assert.equal(await me(visitor), undefined);
    }
    assert.equal((await server.database.selectFrom("users").selectAll().execute()).length, 3);
  });

  test("a name that is taken stays its owner's", async () => {
    await using server = await start("{anyone: true}");
    const visitor = new WebVisitor(server);
    await logIn(visitor, "mallory");
    assert.equal((await me(visitor))?.name, "owner-2");
    assert.notEqual((await me(visitor))?.id, server.owner.id);
  });

  test("an account made beforehand is for the verified address, and for the first who proves it", async () => {
    await using server = await start("{}");
    const made = await add(server, { name: "caro", email: "Carol@Example.com" });
    const mallory = new WebVisitor(server);
    assert.match(await logIn(mallory, "mallory"), /login-not-allowed/, "the address is not verified");
    const carol = new WebVisitor(server);
    await logIn(carol, "carol");
    assert.equal((await me(carol))?.id, made.id);
  });

  test("a disabled person is refused, whatever the provider says", async () => {
    await using server = await start("{anyone: true}");
    const carol = new WebVisitor(server);
    await logIn(carol, "carol");
    const disable = {
      as: server.owner,
      method: "PATCH",
      url: "/api/users/carol-ann",
      payload: '{"disabled":true}',
    } as const;
    assert.equal((await server.request(disable)).statusCode, 200);
    assert.equal(await me(carol), undefined);
    assert.match(await logIn(carol, "carol"), /login-not-allowed/);
    assert.equal(await me(carol), undefined);
  });

  test("an answer counts once, in the browser that began, in time, with the right state", async () => {
    await using server = await start("{anyone: true}");
    const lost = /problem=server%2Flogin-flow-lost/;
    const visitor = new WebVisitor(server);
    const back = pathOf(await goToProvider(visitor, "carol"));
    const other = new WebVisitor(server);
    assert.match(String((await other.ask("GET", back)).headers.location), lost, "somebody else's browser");
    assert.equal(await me(other), undefined);
    assert.doesNotMatch(String((await visitor.ask("GET", back)).headers.location), /problem/);
    assert.match(String((await visitor.ask("GET", back)).headers.location), lost, "a second time");

    const forged = new WebVisitor(server);
    const address = new URL(await goToProvider(forged, "carol"));
    address.searchParams.set("state", "forged");
    const reply = await forged.ask("GET", pathOf(address.href));
    assert.match(String(reply.headers.location), /problem=server%2Flogin-provider-failed/);
    assert.equal(await me(forged), undefined);

    // A code of another login (login CSRF): nonce and PKCE belong to this browser's own.
    const attacker = new WebVisitor(server);
    const theirs = new URL(await goToProvider(attacker, "dave"));
    const victim = new WebVisitor(server);
    const ours = new URL(await goToProvider(victim, "carol"));
    ours.searchParams.set("code", theirs.searchParams.get("code") ?? "");
    assert.match(String((await victim.ask("GET", pathOf(ours.href))).headers.location), /login-provider-failed/);
    assert.equal(await me(victim), undefined);

    const slow = new WebVisitor(server);
    const late = pathOf(await goToProvider(slow, "carol"));
    server.advance(11 * 60_000);
    assert.match(String((await slow.ask("GET", late)).headers.location), lost);
  });

  test("a login leads back to this site only", async () => {
    await using server = await start("{anyone: true}");
    for (const next of ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]) {
      const visitor = new WebVisitor(server);
      const back = await visitor.ask("GET", pathOf(await goToProvider(visitor, "carol", "corp", next)));
      assert.equal(new URL(String(back.headers.location)).origin, app, next);
    }
  });

  test("a person who is logged in links an identity; a foreign page cannot make them do it", async () => {
    await using server = await start("{}");
    const { code } = await server.accounts.createLoginCode("ann");
    const ann = new WebVisitor(server);
    await ann.ask("POST", "/auth/login", { code });
    const link = await ann.ask("POST", "/auth/providers/corp/link");
    const back = await signInAtProvider(link.json().url, "carol", app);
    assert.match(String((await ann.ask("GET", pathOf(back))).headers.location), /\/account$/);
    const carol = new WebVisitor(server);
    await logIn(carol, "carol");
    assert.equal((await me(carol))?.id, "ann");

    // The identity has an owner now.
    const bob = new WebVisitor(server);
    await bob.ask("POST", "/auth/login", { code: (await server.accounts.createLoginCode("bob")).code });
    const second = await bob.ask("POST", "/auth/providers/corp/link");
    const stolen = await bob.ask("GET", pathOf(await signInAtProvider(second.json().url, "carol", app)));
    assert.match(String(stolen.headers.location), /\/account\?problem=server%2Fidentity-taken/);

    assert.equal((await bob.ask("GET", "/auth/providers/corp/link")).statusCode, 404, "never by a link");
    const asProgram = { as: server.ann, method: "POST", url: "/api/auth/providers/corp/link" } as const;
    assert.equal((await server.request(asProgram)).statusCode, 403);

    const unlink = `/account/identities?issuer=${encodeURIComponent(provider.issuer)}`;
    assert.equal((await ann.ask("DELETE", unlink)).statusCode, 200);
    assert.match(await logIn(new WebVisitor(server), "carol"), /login-not-allowed/);
  });

  test("a provider that does not answer is told on the login page, and asked again", async () => {
    await using server = await start("{}", "http://127.0.0.1:9");
    const reply = await new WebVisitor(server).ask("GET", "/auth/providers/corp/start");
    assert.match(String(reply.headers.location), /\/login\?problem=server%2Flogin-provider-failed/);
    const unknown = await new WebVisitor(server).ask("GET", "/auth/providers/nope/start");
    assert.match(String(unknown.headers.location), /problem=server%2Fnot-found/);
  });
});

describe("login by GitHub", () => {
  let github: FakeGithub;
  before(async () => {
    github = await startFakeGithub("hush");
  });
  after(() => github[Symbol.asyncDispose]());

  const start = (allow: string) =>
    startTestServer(
      `login: {github: {clientId: abc, clientSecretEnv: GITHUB_SECRET, url: "${github.url}", apiUrl: "${github.url}", allow: ${allow}}}`,
      { env: { GITHUB_SECRET: "hush" } },
    );

  test("the handle comes from GitHub, follows the account there, and opens what is shared with it", async () => {
    await using server = await start("{handles: [Octo-Cat]}");
    github.user = { id: 77, login: "octo-cat" };
    const visitor = new WebVisitor(server);
    assert.equal(await logIn(visitor, "-", "github"), "/");
    assert.equal((await me(visitor))?.githubProfileId, "octo-cat");
    github.user = { id: 77, login: "octo-renamed" };
    await logIn(visitor, "-", "github");
    assert.equal((await me(visitor))?.githubProfileId, "octo-renamed");
    assert.equal((await me(visitor))?.name, "octo-cat", "the account stays the same");

    // Somebody else takes the old handle: allowed in as themselves, not as the first one.
    github.user = { id: 78, login: "octo-cat" };
    const heir = new WebVisitor(server);
    await logIn(heir, "-", "github");
    assert.notEqual((await me(heir))?.id, (await me(visitor))?.id);
    github.user = { id: 79, login: "stranger" };
    assert.match(await logIn(new WebVisitor(server), "-", "github"), /login-not-allowed/);
    assert.deepEqual(github.refusals, []);
  });

  test("an account made for a handle is its first holder's for good", async () => {
    await using server = await start("{}");
    const made = await add(server, { name: "mona", githubHandle: "Mona" });
    github.user = { id: 5, login: "mona" };
    const mona = new WebVisitor(server);
    await logIn(mona, "-", "github");
    assert.equal((await me(mona))?.id, made.id);
    github.user = { id: 6, login: "mona" };
    const squatter = new WebVisitor(server);
    assert.match(await logIn(squatter, "-", "github"), /login-not-allowed/);
    assert.equal((await findUserByName(server.database, "mona"))?.id, made.id);
  });

  test("a wrong secret fails on the login page", async () => {
    await using server = await startTestServer(
      `login: {github: {clientId: abc, clientSecretEnv: S, url: "${github.url}", apiUrl: "${github.url}"}}`,
      { env: { S: "wrong" } },
    );
    assert.match(await logIn(new WebVisitor(server), "-", "github"), /login-provider-failed/);
    assert.equal(github.refusals.length, 1);
  });
});

test("what cannot work is refused at the start, with its place", async () => {
  const wrong: Array<[yaml: string, says: RegExp]> = [
    ["login: {github: {clientId: a}}", /clientSecretFile or clientSecretEnv/],
    ["login: {oidc: [{name: x, issuer: 'http://idp.example', clientId: a, clientSecretEnv: S}]}", /must be https/],
    ["login: {oidc: [{name: github, issuer: 'https://idp.example', clientId: a, clientSecretEnv: S}]}", /kept for/],
    [
      "login: {oidc: [{name: x, issuer: 'https://i.example', clientId: a, clientSecretEnv: S, scopes: [email]}]}",
      /openid/,
    ],
    ["login: {password: true}", /password/],
  ];
  for (const [yaml, says] of wrong) {
    assert.throws(
      () => parseConfig(yaml),
      (error: unknown) =>
        error instanceof Problem && error.code === "server/config-invalid" && says.test(error.message),
      yaml,
    );
  }
  await assert.rejects(
    startTestServer("login: {github: {clientId: a, clientSecretFile: /nonexistent}}"),
    (error: unknown) => error instanceof Problem && /client secret of "github" is missing/.test(error.message),
  );
});
