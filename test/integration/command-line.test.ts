import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { PlaygroundJson } from "../../src/api/contract/playgrounds.ts";
import { run, type RunResult } from "../../src/host/process.ts";
import { createLog } from "../../src/lib/log.ts";
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
    owner: as({ LABYARD_HOME: home }),
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
