import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough, type Writable } from "node:stream";
import { test } from "node:test";
import { installedVersion } from "../host/installed-version.ts";
import { resolvePaths } from "../store/paths.ts";
import type { CliContext } from "./context.ts";
import { createProgram } from "./program.ts";

function context(): CliContext & { stdout: Writable } {
  const env = { HOME: "/nowhere" };
  return {
    programName: "labyard",
    ...{ env, paths: resolvePaths(env, 1000), stdin: process.stdin, exitCode: 0, signal: new AbortController().signal },
    ...{ stdout: new PassThrough() as never, stderr: new PassThrough() as never },
  };
}

const names = async (wanted?: string) => (await createProgram(context(), wanted)).commands.map(each => each.name());

test("each command comes alone when it is named, and has the name it is asked for by", async () => {
  const all = await names();
  assert.ok(all.length > 15);
  for (const name of all) assert.deepEqual(await names(name), [name]);
});

test("help, aliases and whatever is no command get all of them, so that each can be found or suggested", async () => {
  const all = await names();
  for (const word of [undefined, "help", "--help", "p", "imgae", "constructor"]) {
    assert.deepEqual(await names(word), all);
  }
});

test("--version prints the installed version alone", async () => {
  const cli = context();
  const program = await createProgram(cli, "--version");
  const said = once(cli.stdout as unknown as PassThrough, "data");
  await assert.rejects(program.parseAsync(["node", "labyard", "--version"]), {
    code: "commander.version",
    exitCode: 0,
  });
  assert.equal(String((await said)[0]), `${installedVersion()}\n`);
});
