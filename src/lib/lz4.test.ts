import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeLz4Legacy } from "./lz4.ts";

const magic = [0x02, 0x21, 0x4c, 0x18];
/** Puts blocks behind their sizes, as the legacy frame has them. */
function frame(...blocks: number[][]): Buffer {
  const parts = blocks.map(block => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(block.length);
    return Buffer.concat([size, Buffer.from(block)]);
  });
  return Buffer.concat([Buffer.from(magic), ...parts]);
}
const ascii = (text: string) => [...Buffer.from(text)];

test("literals, matches and matches that overlap themselves", () => {
  // "abcd", then 8 bytes from 4 back (overlapping), then the last literals "xyz"
  const block = [0x44, ...ascii("abcd"), 4, 0, 0x30, ...ascii("xyz")];
  assert.equal(decodeLz4Legacy(frame(block), 15).toString(), "abcdabcdabcdxyz");
});

test("lengths beyond 15 continue in further bytes", () => {
  const text = "0123456789".repeat(30);
  const long = [0xf0, 255, 300 - 15 - 255, ...ascii(text)];
  assert.equal(decodeLz4Legacy(frame(long), 300).toString(), text);
  // one byte, then a match of 4 + 15 + 255 + 6 = 280 of the byte before
  const run = [0x1f, ...ascii("a"), 1, 0, 255, 6, 0x50, ...ascii("bcdef")];
  assert.equal(decodeLz4Legacy(frame(run), 286).toString(), `${"a".repeat(281)}bcdef`);
});

test("damage is noticed, never read past", () => {
  const whole = frame([0x44, ...ascii("abcd"), 4, 0, 0x30, ...ascii("xyz")]);
  for (let length = 0; length < whole.length; length += 1) {
    assert.throws(() => decodeLz4Legacy(whole.subarray(0, length), 15), /LZ4/);
  }
  assert.throws(() => decodeLz4Legacy(frame([0x44, ...ascii("abcd"), 9, 0, 0x00]), 15), /damaged/);
  assert.throws(() => decodeLz4Legacy(whole, 14), /damaged/);
  assert.throws(() => decodeLz4Legacy(whole, 16), /ends early/);
});
