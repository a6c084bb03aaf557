import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { SyncGunzip } from "./gunzip.ts";

const plain = Buffer.from(
  Array.from({ length: 60_000 }, (_, line) => `${line} ${Math.imul(line, 0x9e3779b1)}\n`).join(""),
);

function inflate(input: Buffer, pieceBytes: number): { content: Buffer; gunzip: SyncGunzip } {
  const gunzip = new SyncGunzip();
  const out: Buffer[] = [];
  const feed = (piece: Buffer) => {
    for (const chunk of gunzip.inflate(piece)) out.push(Buffer.from(chunk));
  };
  for (let at = 0; at < input.length; at += pieceBytes) feed(input.subarray(at, at + pieceBytes));
  feed(Buffer.alloc(0));
  gunzip[Symbol.dispose]();
  return { content: Buffer.concat(out), gunzip };
}

test("this Node has what inflates without new memory", () => {
  assert.equal(SyncGunzip.isAvailable(), true, "decoding falls back to streams, which take a third longer");
});

test("members come out whole, however the input is cut", () => {
  const half = plain.length / 2;
  const members = Buffer.concat([gzipSync(plain.subarray(0, half)), gzipSync(plain.subarray(half))]);
  for (const pieceBytes of [1, 7, 4096, members.length]) {
    const { content, gunzip } = inflate(members, pieceBytes);
    assert.ok(content.equals(plain), `pieces of ${pieceBytes}`);
    assert.equal(gunzip.consumedBytes, members.length);
  }
});

test("it stops where the members end, and says how far that is", () => {
  const blob = gzipSync(plain);
  const { content, gunzip } = inflate(Buffer.concat([blob, Buffer.alloc(100)]), 1000);
  assert.ok(content.equals(plain));
  assert.deepEqual([gunzip.isEnded, gunzip.consumedBytes], [true, blob.length]);
});

test("cut and damaged input is an error with zlib's code", () => {
  const blob = gzipSync(plain);
  assert.throws(() => inflate(blob.subarray(0, -1), 1000), { code: "Z_BUF_ERROR" });
  const damaged = Buffer.from(blob);
  damaged.fill(0xff, 5000, 5100);
  assert.throws(() => inflate(damaged, 1000), { code: "Z_DATA_ERROR" });
});
