import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { run, startChild } from "../../src/host/process.ts";
import { digestOf } from "../../src/images/digest.ts";
import { baseDrivesDirectory, blobsDirectory, partialBlobsDirectory, type Paths } from "../../src/store/paths.ts";
import { startFaultyProxy } from "../fixtures/faulty-proxy.ts";
import { bootableMembers, buildImage } from "../fixtures/oci-image.ts";
import { startRegistry } from "../fixtures/registry.ts";

const program = fileURLToPath(new URL("../fixtures/prepare-drive.ts", import.meta.url));
const mebibyte = 1024 ** 2;

/** Text that compresses well and has no zero blocks, so that unpacking and writing take a while. */
const payload = Buffer.concat(
  Array.from({ length: 96 }, (_, block) => Buffer.alloc(mebibyte, `line ${block} of a large file\n`)),
);

/** Runs the program, which is killed without notice as soon as it says `killAt`. Returns what it printed. */
async function prepare(home: string, source: string, killAt?: string): Promise<string[]> {
  const child = await startChild([process.execPath, program, home, source, ...(killAt === undefined ? [] : [killAt])]);
  const lines: string[] = [];
  const reader = createInterface({ input: child.process.stdout as Readable });
  reader.on("line", line => lines.push(line));
  const closed = new Promise(resolve => reader.once("close", resolve));
  const exit = await child.exited;
  await closed;
  if (killAt === undefined) assert.equal(exit.exitCode, 0, child.stderrTail());
  else
    assert.equal(exit.signal, "SIGKILL", `it was never killed at ${killAt}: ${lines.join(", ")} ${child.stderrTail()}`);
  return lines;
}

/** Whatever is visible is whole. */
async function assertWhole(paths: Paths): Promise<void> {
  for (const name of await readdir(blobsDirectory(paths)).catch((): string[] => [])) {
    assert.equal(digestOf(await readFile(join(blobsDirectory(paths), name))), `sha256:${name}`);
  }
  for (const name of await readdir(baseDrivesDirectory(paths)).catch((): string[] => [])) {
    if (name.endsWith(".partial")) continue;
    await run(["e2fsck", "-fn", join(baseDrivesDirectory(paths), name, "drive.img")]);
    JSON.parse(await readFile(join(baseDrivesDirectory(paths), name, "drive.json"), "utf8"));
  }
}

test("41: a process killed while it pulls, unpacks or writes leaves nothing that the next one trips over", async t => {
  await using registry = await startRegistry();
  const image = buildImage([bootableMembers(), [{ name: "payload", content: payload }]]);
  await registry.push("lab/root", "v1", image);
  const large = image.layers[1]?.digest as string;
  // The large layer arrives in two halves, so that there is a middle to be killed in.
  await using proxy = await startFaultyProxy(registry.host, ({ path, pass, response }) => {
    if (!path.includes(large)) return pass();
    const body = image.blobs.get(image.layers[1]?.digest as never) as Buffer;
    response.writeHead(200, { "content-length": String(body.length) });
    response.write(body.subarray(0, body.length >> 1));
    setTimeout(() => response.end(body.subarray(body.length >> 1)), 300);
  });
  const home = await mkdtemp(join(tmpdir(), "labyard-crash-"));
  t.after(() => rm(home, { recursive: true, force: true }));
  const paths = { home, runtime: home };
  const source = `oci://${proxy.host}/lab/root:v1`;
  for (const step of ["resolve", "pull", "unpack", "write"]) {
    const lines = await prepare(home, source, step);
    assert.ok(!lines.includes("done"), `killed too late at ${step}`);
    await assertWhole(paths);
  }
  const lines = await prepare(home, source);
  assert.equal(lines.at(-1), "done");
  await assertWhole(paths);
  assert.deepEqual(await readdir(partialBlobsDirectory(paths)), []);
  assert.deepEqual(
    (await readdir(baseDrivesDirectory(paths))).map(name => name.endsWith(".partial")),
    [false],
  );
  // And from the cache without any of it.
  assert.deepEqual(await prepare(home, source), ["resolve", "done"]);
});

test("41: several processes that want one image at the same time all get it, and it is pulled once", async t => {
  await using registry = await startRegistry();
  const image = buildImage([bootableMembers(), [{ name: "payload", content: payload }]]);
  await registry.push("lab/root", "v1", image);
  await using proxy = await startFaultyProxy(registry.host, ({ pass }) => pass());
  const home = await mkdtemp(join(tmpdir(), "labyard-crash-"));
  t.after(() => rm(home, { recursive: true, force: true }));
  const results = await Promise.all([1, 2, 3].map(() => prepare(home, `oci://${proxy.host}/lab/root:v1`)));
  for (const lines of results) assert.equal(lines.at(-1), "done");
  const pulls = proxy.requests.filter(({ path }) => path.includes(image.layers[1]?.digest as string));
  assert.equal(pulls.length, 1);
});
