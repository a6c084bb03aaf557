import assert from "node:assert/strict";
import { closeSync, openSync, writeSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { digestOf } from "../digest.ts";
import { DecoderPool } from "./decoder-pool.ts";
import { unpackRoomOf } from "./unpack-room.ts";

const content = Buffer.from(
  Array.from({ length: 300_000 }, (_, line) => `line ${line} ${Math.imul(line, 0x9e3779b1)}\n`).join(""),
);
const blob = gzipSync(content, { level: 1 });

/** Descriptors of an empty input and an empty output, and a task over them that is large enough for a thread. */
async function files(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), "labyard-decoder-"));
  const inputFd = openSync(join(directory, "in"), "w+");
  const outputFd = openSync(join(directory, "out"), "w");
  t.after(async () => {
    closeSync(inputFd);
    closeSync(outputFd);
    await rm(directory, { recursive: true });
  });
  const blobBytes = 8 * 1024 * 1024;
  return {
    inputFd,
    output: () => readFile(join(directory, "out")),
    task: { inputFd, outputFd, blobBytes, bombFloorBytes: 2 ** 30, label: "layer 1" },
  };
}

test("layers are decoded while they arrive, in threads and beside them", async t => {
  await using pool = new DecoderPool();
  // More than there are threads.
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      const { inputFd, output, task } = await files(t);
      const { input, result } = pool.decode(task, { onDecoded: () => undefined });
      for (let at = 0; at < blob.length; at += 100_000) {
        writeSync(inputFd, blob, at, Math.min(100_000, blob.length - at), at);
        input.grow(Math.min(at + 100_000, blob.length));
        await new Promise(resolve => setImmediate(resolve));
      }
      input.finish(blob.length);
      assert.deepEqual(await result, { digest: digestOf(content), sizeBytes: content.length });
      assert.ok((await output()).equals(content));
    }),
  );
});

test("a thread survives broken layers and forgets them", async t => {
  await using pool = new DecoderPool();
  for (let round = 0; round < 3; round++) {
    const broken = await files(t);
    const bad = Buffer.from(blob);
    bad.fill(0x55, 5000, 6000);
    writeSync(broken.inputFd, bad);
    const failing = pool.decode(broken.task, { onDecoded: () => undefined });
    failing.input.finish(bad.length);
    await assert.rejects(failing.result, { name: "DecodeError", code: "image/bad-layer" });
    failing.input.grow(5);

    const given = await files(t);
    const waiting = pool.decode(given.task, { onDecoded: () => undefined });
    waiting.input.fail(new Error("nobody needs it"));
    await assert.rejects(waiting.result);

    const good = await files(t);
    writeSync(good.inputFd, blob);
    const working = pool.decode(good.task, { onDecoded: () => undefined });
    working.input.finish(blob.length);
    assert.equal((await working.result).digest, digestOf(content));
  }
});

test("28: all threads take from one room, and what fails gives its part back", async t => {
  await using pool = new DecoderPool();
  const room = unpackRoomOf(content.length * 2 - 1, { code: "image/too-large", message: "the image is too large" });
  const decode = async () => {
    const { inputFd, task } = await files(t);
    writeSync(inputFd, blob);
    const { input, result } = pool.decode({ ...task, room }, { onDecoded: () => undefined });
    input.finish(blob.length);
    return result;
  };
  await decode();
  await assert.rejects(decode(), { code: "image/too-large", message: "layer 1: the image is too large" });
  assert.equal(new BigInt64Array(room.left)[0], BigInt(content.length - 1));
});

test("a full disk is told as such, in threads too", async t => {
  await using pool = new DecoderPool();
  const outputFd = openSync("/dev/full", "w");
  t.after(() => closeSync(outputFd));
  for (const blobBytes of [8 * 1024 * 1024, blob.length]) {
    const { inputFd, task } = await files(t);
    writeSync(inputFd, blob);
    const { input, result } = pool.decode({ ...task, outputFd, blobBytes }, { onDecoded: () => undefined });
    input.finish(blob.length);
    await assert.rejects(result, { name: "DecodeError", code: "host/disk-full" });
  }
});
