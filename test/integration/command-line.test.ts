import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { PlaygroundJson } from "../../src/api/contract/playgrounds.ts";
import { scopeNames } from "../../src/api/contract/tokens.ts";
import { run, type RunResult } from "../../src/host/process.ts";
import { createLog } from "../../src/lib/log.ts";
import type { Finding } from "../../src/manifest/finding.ts";
import { drive } from "../../src/manifest/testing/case.ts";
import { sampleWith } from "../../src/manifest/testing/sample.ts";
import { readConfig } from "../../src/server/config.ts";
import { serve } from "../../src/server/serve.ts";
import { configFile, resolvePaths } from "../../src/store/paths.ts";
import { FakePlays } from "../fixtures/fake-plays.ts";

const program = join(import.meta.dirname, "../../bin/labyard");

/** Runs `labyard <args>` to its end; the exit code says how it went. */
type CommandLine = (args: string[], input?: string) => Promise<RunResult>;

/** A served home whose plays have no machines, and the real program as its owner. */
async function setUp() {
  const home = await mkdtemp(join(tmpdir(), "labyard-cli-"));
  const paths = resolvePaths({ LABYARD_HOME: home }, 1000);
  await mkdir(paths.home, { recursive: true });
  await writeFile(configFile(paths), "listen: {port: 0, tls: false}\n");
  const plays = new FakePlays();
  const server = await serve({ paths, config: await readConfig(paths), plays, log: createLog("test", "silent") });
  const as =
    (env: NodeJS.ProcessEnv): CommandLine =>
    (args, input = "") =>
      run([program, ...args], { env: { ...process.env, ...env }, input, allowFailure: true, timeoutMs: 120_000 });
  return {
    url: server.url,
    owner: as({ LABYARD_HOME: home }),
    /** Somebody else, on a machine that has no home of a server. */
    bearer: (token: { id: string; secret: string }) =>
      as({
        LABYARD_HOME: join(home, "elsewhere"),
        LABYARD_ENDPOINT: server.url,
        LABYARD_SESSION_ID: token.id,
        LABYARD_ACCESS_TOKEN: token.secret,
      }),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await rm(home, { recursive: true });
    },
  };
}

async function works(outcome: Promise<RunResult>): Promise<RunResult> {
  const result = await outcome;
  assert.equal(result.exitCode, 0, result.stderr);
  return result;
}

async function isRefused(outcome: Promise<RunResult>, why: RegExp): Promise<void> {
  const { exitCode, stdout, stderr } = await outcome;
  assert.equal(exitCode, 1, stdout);
  assert.equal(stdout, "");
  assert.match(stderr, why);
}

test("the catalogue is sorted by name, but for what is ranked; unknown filters are refused", async () => {
  await using server = await setUp();
  const { owner } = server;
  for (const name of ["alpine", "docker", "debian", "docker"]) {
    await works(owner(["playground", "start", name, "--no-wait", "-q"]));
  }
  const catalogue = async (...options: string[]) =>
    (await works(owner(["playground", "catalog", ...options]))).stdout.trimEnd().split("\n");
  const inTable = async (filter: string) =>
    (await catalogue("-f", filter)).slice(1).map(line => line.split(" ")[0] as string);
  assert.deepEqual(await inTable("recent"), ["docker", "debian", "alpine"]);
  const json = JSON.parse((await catalogue("-f", "recent", "--json")).join("\n")) as PlaygroundJson[];
  assert.deepEqual(
    json.map(({ name }) => name),
    ["docker", "debian", "alpine"],
  );
  assert.equal((await inTable("popular"))[0], "docker");
  // As the official client prints them.
  assert.deepEqual(await catalogue("-f", "recent", "-q"), ["alpine", "debian", "docker"]);
  const builtIn = await inTable("base");
  assert.deepEqual(builtIn, builtIn.toSorted());
  await isRefused(
    owner(["playground", "catalog", "--filter", "bse"]),
    /'bse' is invalid\. Allowed choices are base, my-custom, community, recent, popular\./,
  );
});

test("without a server a manifest's references to snapshots are refused, as there are none", async () => {
  const snapshots = sampleWith(drive("{source: snapshot, snapshot: {id: s1}}"));
  const check = (manifest: string) =>
    run([program, "manifest", "check", "--json", "-"], { input: manifest, allowFailure: true, timeoutMs: 120_000 });
  const { exitCode, stdout } = await check(snapshots);
  assert.equal(exitCode, 1);
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  assert.deepEqual(
    findings.map(({ code, path }) => [code, path]),
    [["manifest/snapshot-reference", "playground.machines[0].drives[1].snapshot.id"]],
  );
  assert.equal((await check(sampleWith(drive("{source: debian-12}")))).exitCode, 0);
});

test("another person's command line does what that person may, until the token or the account ends", async () => {
  await using server = await setUp();
  const { owner } = server;
  const added = await works(owner(["user", "add", "carol"]));
  const id = /\(id (\S+)\)/.exec(added.stderr)?.[1] ?? "";
  const carol = server.bearer(await firstToken(server.url, added.stdout.trim()));
  const account = JSON.parse((await works(carol(["account", "show", "--json"]))).stdout);
  assert.deepEqual([account.name, account.id, account.administrator], ["carol", id, false]);

  // People are the administrators' business.
  const noAdministrator = /Only administrators of this installation/;
  await isRefused(carol(["user", "list"]), noAdministrator);
  await isRefused(carol(["user", "add", "mallory"]), noAdministrator);
  await isRefused(carol(["user", "disable", account.name]), noAdministrator);

  // Each access list for itself.
  const create = async (name: string, accessControl: Record<string, string[]>) => {
    const lists = { canList: ["owner"], canRead: ["owner"], canStart: ["owner"], ...accessControl };
    const manifest = JSON.stringify({ kind: "playground", name, title: name, playground: { accessControl: lists } });
    const { stdout } = await works(
      owner(["playground", "create", name, "--base", "debian", "-q", "-f", "-"], manifest),
    );
    return stdout.trim();
  };
  const notKnown = /The session or token is not known, or it has expired/;
  const hers = ["owner", `user:${id}`];
  const hidden = await create("hidden", {});
  const readable = await create("readable", { canRead: hers });
  const startable = await create("startable", { canList: hers, canStart: hers });
  const community = await works(carol(["playground", "catalog", "-f", "community", "-q"]));
  assert.equal(community.stdout, `${startable}\n`);
  await isRefused(carol(["playground", "manifest", hidden]), /There is no playground/);
  assert.match((await works(carol(["playground", "manifest", readable]))).stdout, /title: readable/);
  await isRefused(carol(["playground", "start", hidden, "--no-wait"]), /There is no playground/);
  await isRefused(carol(["playground", "start", readable, "--no-wait"]), /You may not start the playground/);
  const play = (await works(carol(["playground", "start", startable, "--no-wait", "-q"]))).stdout.trim();
  assert.equal((await works(carol(["playground", "list", "-q"]))).stdout, `${play}\n`);

  // A play is its owner's.
  const other = (await works(owner(["playground", "start", "debian", "--no-wait", "-q"]))).stdout.trim();
  await isRefused(carol(["playground", "status", other]), /There is no play /);
  await isRefused(carol(["playground", "destroy", other]), /There is no play /);
  assert.match((await works(owner(["playground", "status", play]))).stdout, new RegExp(play));

  // A token does what its scopes say, and nothing once it is revoked.
  const { stdout: secret, stderr: about } = await works(
    carol(["token", "create", "--name", "reader", "--scope", "playground:read"]),
  );
  const tokenId = /--session-id (\S+)/.exec(about)?.[1] ?? "";
  const reader = server.bearer({ id: tokenId, secret: secret.trim() });
  assert.equal((await works(reader(["playground", "list", "-q"]))).stdout, `${play}\n`);
  await isRefused(reader(["playground", "start", startable, "--no-wait"]), /lacks the scope "playground:write"/);
  assert.match((await works(carol(["token", "list"]))).stdout, new RegExp(`^${tokenId} +reader `, "m"));
  await isRefused(owner(["token", "revoke", tokenId]), /There is no such token/);
  await works(carol(["token", "revoke", tokenId]));
  await isRefused(reader(["playground", "list", "-q"]), notKnown);

  await works(owner(["user", "disable", "carol"]));
  const people = (await works(owner(["user", "list"]))).stdout;
  assert.match(people, new RegExp(`^carol +${id} +- +disabled `, "m"));
  await isRefused(carol(["playground", "list", "-q"]), notKnown);
  await works(owner(["user", "enable", "carol"]));
  await isRefused(carol(["playground", "list", "-q"]), notKnown);
});

/** Visits the address that `user add` printed, and makes a token there as the account page does. */
async function firstToken(url: string, invitation: string): Promise<{ id: string; secret: string }> {
  const ask = async (path: string, body: object, cookie?: string) => {
    const reply = await fetch(`${url}/api${path}`, {
      method: "POST",
      headers: { origin: url, "content-type": "application/json", ...(cookie === undefined ? {} : { cookie }) },
      body: JSON.stringify(body),
    });
    assert.equal(reply.status, 200, await reply.clone().text());
    return reply;
  };
  const login = await ask("/auth/login", { code: new URL(invitation).searchParams.get("code") });
  const cookie = login.headers.getSetCookie().map(line => line.split(";")[0]);
  // Every scope: what is refused is then refused to the person.
  const token = await (await ask("/oauth/tokens", { name: "first", scope: scopeNames }, cookie.join("; "))).json();
  return { id: token.id, secret: token.accessToken };
}
