import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { FreeBytes } from "../../src/build/disk-space.ts";
import { runBuild } from "../../src/build/run-build.ts";
import { type FakeEngine, type FakeEngineOptions, startFakeEngine } from "../fixtures/fake-engine.ts";

/** What a build asks its engine, and when: an engine that only pretends keeps the requests. */

const mebibyte = 2 ** 20;
const known = { Id: "i", Os: "linux", Architecture: "arm64", Variant: "v8", Created: "2021-01-01T00:00:00Z" };
let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "labyard-requests-"));
});
after(() => rm(directory, { recursive: true, force: true }));

const at = (name: string) => join(directory, name);

async function build(fake: FakeEngine, script: string, freeBytes?: FreeBytes): Promise<void> {
  await writeFile(
    at("build.toml"),
    script.replace("[container]", `[container]\nconnection_uri = "unix://${fake.socket}"`),
  );
  await runBuild({
    ...{ packagePath: directory, output: at("out.img"), paths: { home: at("home"), runtime: at("run") } },
    ...{ env: process.env, uid: 0, allowHostVolumes: false, signal: new AbortController().signal },
    onEvent: () => undefined,
    ...(freeBytes === undefined ? {} : { freeBytes }),
  });
}

const startFake = (options: Omit<FakeEngineOptions, "socket">) =>
  startFakeEngine({ socket: at("engine.sock"), ...options });
const names = ({ calls }: FakeEngine) =>
  calls.map(call => call.what.replace(/\/images\/.*\/json/, "/images/NAME/json"));

describe("room on the disk", () => {
  const plain = `[filesystem]
size_mib = 64
[container]
image = { name = "lab", tag = "1" }
[[overlays]]
source = "/large"
destination = "/large"
[export.files]
include = ["/etc/file"]
`;
  before(async () => {
    await writeFile(at("large"), Buffer.alloc(20 * mebibyte, "x"));
    await mkdir(at("home"), { recursive: true });
  });
  /** So many MiB free where the output goes, and where the build works. */
  const free =
    (outputMiB: number, workMiB: number): FreeBytes =>
    asked =>
      Promise.resolve((asked === directory ? outputMiB : workMiB) * mebibyte);
  const isFull = (message: RegExp) => ({ code: "host/disk-full", message });
  const leftovers = async () => (await readdir(directory)).filter(name => name.startsWith("out.img"));

  test("what the package brings is checked before the engine is asked at all", async () => {
    await using fake = await startFake({ image: undefined, pulled: known });
    await assert.rejects(build(fake, plain, free(27, 1000)), isFull(/has 27 MiB free, but the output needs 28 MiB/));
    await assert.rejects(build(fake, plain, free(1000, 7)), isFull(/home\/builds\/.* has 7 MiB free/));
    const mounted = plain.replace('destination = "/large"', 'destination = "/large"\nmounted = true');
    await assert.rejects(build(fake, mounted, free(1000, 27)), isFull(/but the build needs 28 MiB/));
    assert.deepEqual(fake.calls, []);
    await build(fake, plain, free(1000, 8));
    assert.ok(names(fake).includes("POST /images/create"));
    await rm(at("out.img"));
  });

  test("the container is checked before it is started, by the size of its image", async () => {
    await using fake = await startFake({ image: { ...known, Size: 300 * mebibyte } });
    await assert.rejects(build(fake, plain, free(1000, 299)), isFull(/but the exported container needs 300 MiB/));
    assert.ok(!names(fake).includes("POST /containers/create"));
    await build(fake, plain, free(1000, 300));
    await rm(at("out.img"));
  });

  test("the output is checked by its content, before it is begun", async () => {
    await using fake = await startFake({ image: known, content: Buffer.alloc(30 * mebibyte, "y") });
    await assert.rejects(build(fake, plain, free(50, 1000)), isFull(/has 50 MiB free, but the output needs 51 MiB/));
    assert.ok(names(fake).includes("DELETE /containers/c"));
    assert.deepEqual(await leftovers(), []);
    await build(fake, plain, free(51, 1000));
    assert.equal((await stat(at("out.img"))).size, 64 * mebibyte);
    await rm(at("out.img"));
    // It becomes a twentieth at the least.
    const squash = plain.replace("[filesystem]", '[filesystem]\ntype = "Squashfs"');
    await build(fake, squash, free(10, 1000));
    await rm(at("out.img"));
  });
});
