import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import type { Problem } from "../api/problems.ts";
import { hostReserveBytes } from "../host/free-space.ts";
import { partialBlobsDirectory, type Paths } from "../store/paths.ts";
import { blobSize, ensureBlob, storeBlob } from "./blobs.ts";
import { digestOf } from "./digest.ts";
import { roomForImage } from "./image-room.ts";
import { pullLayers } from "./pull-image.ts";
import { anonymousAccess, registryAccess } from "./registry/access.ts";

const kibibyte = 1024;

async function home(t: TestContext): Promise<Paths> {
  const directory = await mkdtemp(join(tmpdir(), "labyard-room-"));
  t.after(() => rm(directory, { recursive: true }));
  return { home: directory, runtime: directory };
}

/** An image of layers of these contents whose blobs are in the store. */
async function imageOf(paths: Paths, contents: readonly Buffer[], compress: (plain: Buffer) => Buffer = gzipSync) {
  const layers = [];
  for (const [index, plain] of contents.entries()) {
    const blob = compress(plain);
    const digest = digestOf(blob);
    await storeBlob(paths, digest, blob, "a blob");
    layers.push({ digest, sizeBytes: blob.length, diffId: digestOf(plain), label: `layer ${index + 1}` });
  }
  return { digest: digestOf(Buffer.from("manifest")), name: "an image", documents: [], layers };
}

const pull = (paths: Paths, image: Awaited<ReturnType<typeof imageOf>>, maxImageBytes: number) =>
  pullLayers(image, undefined, {
    paths,
    report: () => undefined,
    registries: { ...anonymousAccess(), maxImageBytes },
  });

const tooLarge = (error: Problem) =>
  error.code === "image/too-large" && /an image unpacks to more than/.test(error.message);

test("28: layers that are small enough each may be too large together", async t => {
  const paths = await home(t);
  const image = await imageOf(paths, [Buffer.alloc(600 * kibibyte, 1), Buffer.alloc(600 * kibibyte, 2)]);
  await assert.rejects(pull(paths, image, 1100 * kibibyte), tooLarge);
  assert.deepEqual(await readdir(partialBlobsDirectory(paths)), []);
  // One of them may have been unpacked, and counts the next time.
  await assert.rejects(pull(paths, image, 1100 * kibibyte), tooLarge);
  const { maxImageBytes } = registryAccess({ maxImageGiB: 2 }, {});
  assert.equal(maxImageBytes, 2 * 1024 ** 3);
  assert.equal((await pull(paths, image, 1200 * kibibyte)).length, 2);
  // All of it is there: nothing is unpacked, and it is as large as before.
  await assert.rejects(pull(paths, image, 1100 * kibibyte), tooLarge);
});

test("a layer that an image has twice counts once, and one that is not compressed before it comes", async t => {
  const paths = await home(t);
  const plain = randomBytes(600 * kibibyte);
  const twice = await imageOf(paths, [plain, plain]);
  assert.equal((await pull(paths, twice, 600 * kibibyte)).length, 2);
  const stored = await imageOf(paths, [Buffer.alloc(600 * kibibyte, 3)], bytes => bytes);
  await assert.rejects(pull(await home(t), stored, 500 * kibibyte), tooLarge);
});

test("an image gets no more of the disk than is free beside its downloads and the reserve", async t => {
  const paths = await home(t);
  const image = await imageOf(paths, [Buffer.alloc(100 * kibibyte)]);
  const [layer] = image.layers as [(typeof image.layers)[number]];
  const maxBytes = 1024 ** 3;
  const roomWith = async (where: Paths, freeBytes: number) =>
    (await roomForImage(where, image, { maxBytes, freeBytes: async () => freeBytes }))(layer.diffId);
  const leftIn = (room: Awaited<ReturnType<typeof roomWith>>) => room && Number(new BigInt64Array(room.left)[0]);

  const tight = await roomWith(paths, hostReserveBytes + 5000);
  assert.deepEqual([leftIn(tight), tight?.refusal.code], [5000, "host/disk-full"]);
  const wide = await roomWith(paths, hostReserveBytes + 2 * maxBytes);
  assert.deepEqual([leftIn(wide), wide?.refusal.code], [maxBytes, "image/too-large"]);
  // Where the blob is not there yet it needs room as well.
  const elsewhere = await home(t);
  assert.equal(leftIn(await roomWith(elsewhere, hostReserveBytes + layer.sizeBytes + 5000)), 5000);
  await assert.rejects(
    roomWith(elsewhere, hostReserveBytes + layer.sizeBytes - 1),
    (error: Problem) => error.code === "host/disk-full" && error.message.includes(elsewhere.home),
  );
  // What is unpacked already can be used however full the disk is.
  await pull(paths, image, maxBytes);
  assert.equal(await roomWith(paths, 0), undefined);
});

test("a download that fills the disk leaves nothing, whatever it could be continued from", async t => {
  const paths = await home(t);
  const digest = digestOf(Buffer.from("never complete"));
  const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  const fill = async (sink: { write(chunk: Uint8Array): Promise<void> }) => {
    await sink.write(Buffer.alloc(1000));
    throw full;
  };
  await assert.rejects(ensureBlob(paths, { digest, label: "layer 1" }, fill, { resumable: true }), full);
  assert.deepEqual(await readdir(partialBlobsDirectory(paths)), []);
  assert.equal(await blobSize(paths, digest), undefined);
});
