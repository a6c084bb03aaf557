import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeDevice, encodeInode } from "./inode.ts";

const fields = { mode: 0, uid: 0, gid: 0, size: 0, links: 1, flags: 0, blocks512: 0, body: new Uint8Array(0) };
const viewOf = (buffer: Buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.length);

function encodedTime(seconds: number, nanoseconds: number): [low: number, extra: number] {
  const buffer = Buffer.alloc(256);
  encodeInode(viewOf(buffer), 0, 12, { ...fields, time: { seconds, nanoseconds } }, 0);
  return [buffer.readInt32LE(16), buffer.readUInt32LE(136)];
}

test("times before 1970, after 2038, and at the ends of the range", () => {
  assert.deepEqual(encodedTime(0, 0), [0, 0]);
  assert.deepEqual(encodedTime(-1, 999_999_999), [-1, 999_999_999 * 4]);
  assert.deepEqual(encodedTime(2 ** 31, 0), [-(2 ** 31), 1]);
  assert.deepEqual(encodedTime(2 ** 32 + 5, 1), [5, 4 + 1]);
  assert.deepEqual(encodedTime(-1e15, 0), [-(2 ** 31), 0]);
  assert.deepEqual(encodedTime(1e15, 0), [2 ** 31 - 1, 2]);
});

test("owners and sizes beyond 16 and 32 bits", () => {
  const buffer = Buffer.alloc(256);
  const time = { seconds: 0, nanoseconds: 0 };
  encodeInode(viewOf(buffer), 0, 12, { ...fields, uid: 0xfffe_fffd, gid: 0x1_0002, size: 3 * 2 ** 40 + 1, time }, 0);
  assert.equal(buffer.readUInt16LE(2) + buffer.readUInt16LE(120) * 2 ** 16, 0xfffe_fffd);
  assert.equal(buffer.readUInt16LE(24) + buffer.readUInt16LE(122) * 2 ** 16, 0x1_0002);
  assert.equal(buffer.readUInt32LE(4) + buffer.readUInt32LE(108) * 2 ** 32, 3 * 2 ** 40 + 1);
});

test("device numbers: the old form while it can say them", () => {
  const device = (major: number, minor: number) => encodeDevice(major, minor, () => "/dev/x").toString("hex");
  assert.equal(device(1, 3), "0301000000000000");
  assert.equal(device(259, 70_000), "0000000070031111");
  assert.throws(() => device(5000, 0), { code: "image/unsupported", message: /\/dev\/x has the number 5000:0/ });
});
