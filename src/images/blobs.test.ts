import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Problem } from "../api/problems.ts";
import { blobsDirectory, imageLockFile, partialBlobsDirectory, type Paths } from "../store/paths.ts";
import { blobSize, ensureBlob, readBlob, storeUnnamedBlob } from "./blobs.ts";
import { digestOf } from "./digest.ts";
import { withExclusiveLock } from "./exclusive-lock.ts";

async function home(t: TestContext): Promise<Paths> {
  const directory = await mkdtemp(join(tmpdir(), "labyard-blobs-"));
  t.after(() => rm(directory, { recursive: true }));
  return { home: directory, runtime: directory };
}

const bytes = Buffer.from("the content of a blob");
const expected = { digest: digestOf(bytes), sizeBytes: bytes.length, label: "a blob" };

async function assertEmpty(paths: Paths): Promise<void> {
  assert.deepEqual(await readdir(blobsDirectory(paths)).catch(() => []), []);
  assert.deepEqual(await readdir(partialBlobsDirectory(paths)), []);
}

test("a blob is filled once and then found", async t => {
  const paths = await home(t);
  let fills = 0;
  const ensure = () =>
    ensureBlob(paths, expected, async sink => {
      fills++;
      await sink.write(bytes.subarray(0, 5));
      await sink.write(bytes.subarray(5));
    });
  const found = await Promise.all([ensure(), ensure(), ensure()]);
  assert.equal(new Set(found).size, 1);
  assert.equal(fills, 1);
  assert.ok((await readBlob(paths, expected.digest))?.equals(bytes));
  assert.equal(await blobSize(paths, digestOf("other")), undefined);
});

test("a fill may start over", async t => {
  const paths = await home(t);
  const path = await ensureBlob(paths, expected, async sink => {
    await sink.write(Buffer.from("a first try"));
    await sink.restart();
    await sink.write(bytes);
  });
  assert.ok((await readFile(path)).equals(bytes));
});

test("wrong bytes, too few, too many and a failure leave nothing", async t => {
  const paths = await home(t);
  const fill = (content: string) =>
    ensureBlob(paths, expected, async sink => {
      await sink.write(Buffer.from(content));
    });
  const cases: Array<[string, RegExp]> = [
    ["x".repeat(bytes.length), /should have the digest/],
    ["short", /has 5 bytes, but the image promised 21/],
    ["x".repeat(100), /promised 21/],
  ];
  for (const [content, message] of cases) {
    await assert.rejects(
      fill(content),
      (error: Problem) => error.code === "image/damaged" && message.test(error.message),
    );
    await assertEmpty(paths);
  }
  await assert.rejects(
    ensureBlob(paths, expected, () => Promise.reject(new Error("no network"))),
    /no network/,
  );
  await assertEmpty(paths);
});

test("a stored blob of another size than promised is the promise's fault", async t => {
  const paths = await home(t);
  await ensureBlob(paths, expected, sink => sink.write(bytes));
  await assert.rejects(
    ensureBlob(paths, { ...expected, sizeBytes: 1 }, () => Promise.reject(new Error("must not be asked"))),
    (error: Problem) => error.code === "image/damaged",
  );
});

test("a stream is stored under the digest it turns out to have", async t => {
  const paths = await home(t);
  const stored = await storeUnnamedBlob(paths, "test", sink => sink.write(bytes));
  assert.deepEqual(stored, { digest: expected.digest, sizeBytes: bytes.length });
  assert.ok((await readBlob(paths, stored.digest))?.equals(bytes));
});

test("one holder at a time; a waiter can give up, and a failing holder lets go", async t => {
  const paths = await home(t);
  const lock = imageLockFile(paths, "test");
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const first = withExclusiveLock(lock, async () => {
    order.push("first");
    started.resolve();
    await gate.promise;
    assert.deepEqual(await readdir(dirname(lock)), ["test.lock"], "a lock takes no room on the disk");
    order.push("first done");
    throw new Error("broken");
  });
  await started.promise;
  const waiting = Promise.withResolvers<void>();
  const second = withExclusiveLock(lock, async () => void order.push("second"), { onWait: waiting.resolve });
  const impatient = new AbortController();
  const third = withExclusiveLock(lock, async () => void order.push("third"), { signal: impatient.signal });
  impatient.abort();
  await assert.rejects(third, { name: "AbortError" });
  await waiting.promise;
  gate.resolve();
  await assert.rejects(first, /broken/);
  await second;
  assert.deepEqual(order, ["first", "first done", "second"]);
});

test("what was never forced to the disk is compared again after the next boot, and made again when it was lost", async t => {
  const paths = await home(t);
  let fills = 0;
  const ensure = (bootedAtMs: number) =>
    ensureBlob(
      paths,
      expected,
      async sink => {
        fills++;
        await sink.write(bytes);
      },
      { isVolatile: true, bootedAtMs },
    );
  const before = Date.now() - 60_000;
  const after = Date.now() + 60_000;
  const path = await ensure(before);
  await ensure(after);
  assert.equal(fills, 1, "it was whole");
  await writeFile(path, Buffer.alloc(bytes.length));
  await ensure(before);
  assert.ok(!(await readFile(path)).equals(bytes), "in the same boot it is believed");
  await ensure(after);
  assert.equal(fills, 2);
  assert.ok((await readFile(path)).equals(bytes));
});
