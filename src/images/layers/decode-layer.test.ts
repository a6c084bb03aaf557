import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { constants, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { Problem, ProblemCode } from "../../api/problems.ts";
import { blobsDirectory, partialBlobsDirectory, type Paths } from "../../store/paths.ts";
import { type BlobFollower, blobSize, ensureBlob, storeBlob } from "../blobs.ts";
import { digestOf } from "../digest.ts";
import { decodeLayer } from "./decode-layer.ts";

/** The numbers in the names are those of the correctness checklist. */

const content = Buffer.from("some archive ".repeat(100_000));

async function home(t: TestContext): Promise<Paths> {
  const directory = await mkdtemp(join(tmpdir(), "labyard-decode-"));
  t.after(() => rm(directory, { recursive: true }));
  return { home: directory, runtime: directory };
}

async function decode(paths: Paths, blob: Buffer, plain: Buffer): Promise<Buffer> {
  const digest = digestOf(blob);
  await storeBlob(paths, digest, blob, "a blob");
  return readFile(await decodeLayer(paths, { digest, diffId: digestOf(plain), label: "layer 1" }));
}

async function fails(paths: Paths, blob: Buffer, code: ProblemCode): Promise<void> {
  const before = await readdir(blobsDirectory(paths)).catch((): string[] => []);
  await assert.rejects(decode(paths, blob, content), (error: Problem) => {
    assert.equal(error.code, code, error.message);
    return true;
  });
  const added = (await readdir(blobsDirectory(paths))).filter(name => !before.includes(name));
  assert.deepEqual(added, [digestOf(blob).slice(7)], "only the blob itself may be in the store");
  assert.deepEqual(await readdir(partialBlobsDirectory(paths)), []);
}

test("27: the first bytes decide: gzip, zstd and plain archives", async t => {
  const paths = await home(t);
  for (const blob of [gzipSync(content), zstdCompressSync(content)]) {
    assert.ok((await decode(await home(t), blob, content)).equals(content));
  }
  assert.ok((await decode(paths, content, content)).equals(content));
});

test("28: several gzip members, zero padding, several zstd frames, skippable frames", async t => {
  const half = content.length / 2;
  const parts = [content.subarray(0, half), content.subarray(half)] as const;
  const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  // Sixteen numbers are set aside for such frames.
  const last = Buffer.from([0x5f, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
  const blobs = {
    members: Buffer.concat(parts.map(part => gzipSync(part))),
    padding: Buffer.concat([gzipSync(content), Buffer.alloc(512)]),
    frames: Buffer.concat(parts.map(part => zstdCompressSync(part))),
    skippable: Buffer.concat([skippable, zstdCompressSync(parts[0]), skippable, zstdCompressSync(parts[1]), skippable]),
    otherSkippable: Buffer.concat([last, zstdCompressSync(content), last]),
  };
  for (const [name, blob] of Object.entries(blobs)) {
    assert.ok((await decode(await home(t), blob, content)).equals(content), name);
  }
});

test("25: the gzip of an empty archive is an empty layer", async t => {
  const empty = Buffer.alloc(1024);
  assert.ok((await decode(await home(t), gzipSync(empty), empty)).equals(empty));
});

test("29: a wrong diffID, a cut and a broken stream leave nothing behind", async t => {
  const paths = await home(t);
  await fails(paths, gzipSync(Buffer.from("other content")), "image/damaged");
  await fails(paths, gzipSync(content).subarray(0, 1000), "image/bad-layer");
  await fails(paths, zstdCompressSync(content).subarray(0, 100), "image/bad-layer");
  const broken = gzipSync(content);
  broken.fill(0x55, 500, 600);
  await fails(paths, broken, "image/bad-layer");
  await fails(paths, deflateSync(content), "image/damaged");
});

test("28: a window larger than 128 MiB is refused", async t => {
  const params = { [constants.ZSTD_c_windowLog]: 28, [constants.ZSTD_c_enableLongDistanceMatching]: 1 };
  // Streaming, so that the frame cannot announce a size and shrink its window.
  const { createZstdCompress } = await import("node:zlib");
  const compressor = createZstdCompress({ params });
  const chunks: Buffer[] = [];
  compressor.on("data", chunk => chunks.push(chunk));
  const ended = new Promise(resolve => compressor.on("end", resolve));
  compressor.write(content);
  compressor.end();
  await ended;
  await fails(await home(t), Buffer.concat(chunks), "image/bad-layer");
});

test("28: bytes behind the last stream are refused", async t => {
  const rubbish = Buffer.from("rubbish");
  await fails(await home(t), Buffer.concat([zstdCompressSync(content), rubbish]), "image/bad-layer");
  await fails(await home(t), Buffer.concat([gzipSync(content), Buffer.alloc(8), rubbish]), "image/bad-layer");
});

test("28: a bomb is stopped before it is through", async t => {
  const paths = await home(t);
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  const digest = digestOf(bomb);
  await storeBlob(paths, digest, bomb, "a bomb");
  let decodedBytes = 0;
  await assert.rejects(
    decodeLayer(
      paths,
      { digest, diffId: digestOf("whatever"), label: "layer 1" },
      { bombFloorBytes: 1024 * 1024, onDecoded: bytes => (decodedBytes = bytes) },
    ),
    (error: Problem) => error.code === "image/too-large",
  );
  assert.ok(decodedBytes < 16 * 1024 * 1024, `${decodedBytes} bytes were unpacked`);
});

/** Downloads `attempts` one after another, as one that is disturbed does: only the last is whole. */
function downloadOf(paths: Paths, attempts: readonly Buffer[]) {
  const whole = attempts.at(-1) as Buffer;
  const expected = { digest: digestOf(whole), sizeBytes: whole.length, label: "layer 1" };
  return (follower: BlobFollower) =>
    ensureBlob(
      paths,
      expected,
      async sink => {
        for (const [index, bytes] of attempts.entries()) {
          if (index > 0) await sink.restart();
          for (let at = 0; at < bytes.length; at += 1000) await sink.write(bytes.subarray(at, at + 1000));
        }
      },
      { follower, isVolatile: true },
    ).then(() => undefined);
}

test("a layer is decoded while it arrives, also when it begins anew; its compressed form does not stay", async t => {
  const blob = gzipSync(content);
  const wrongStart = gzipSync(
    Buffer.concat([Buffer.from("another beginning"), content.subarray(0, content.length / 2)]),
  );
  for (const attempts of [[blob], [blob.subarray(0, 2000), blob], [wrongStart, blob]]) {
    const paths = await home(t);
    const layer = { digest: digestOf(blob), diffId: digestOf(content), sizeBytes: blob.length, label: "layer 1" };
    const path = await decodeLayer(paths, layer, { download: downloadOf(paths, attempts) });
    assert.ok((await readFile(path)).equals(content));
    assert.deepEqual(await readdir(blobsDirectory(paths)), [digestOf(content).slice(7)]);
    assert.deepEqual(await readdir(partialBlobsDirectory(paths)), []);
    assert.equal(await blobSize(paths, layer.digest), undefined);
  }
});

test("29: a download that breaks off leaves nothing, and its own failure is the one that is told", async t => {
  const paths = await home(t);
  const blob = gzipSync(content);
  const layer = { digest: digestOf(blob), diffId: digestOf(content), sizeBytes: blob.length, label: "layer 1" };
  const download = (follower: BlobFollower) =>
    ensureBlob(
      paths,
      layer,
      async sink => {
        await sink.write(Buffer.from("\x1f\x8b this is no archive at all", "latin1"));
        throw new Error("the line is dead");
      },
      { follower },
    ).then(() => undefined);
  await assert.rejects(decodeLayer(paths, layer, { download }), /the line is dead/);
  assert.deepEqual(await readdir(partialBlobsDirectory(paths)), []);
  assert.deepEqual(await readdir(blobsDirectory(paths)).catch(() => []), []);
});
