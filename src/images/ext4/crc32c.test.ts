import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32c, crc32cOfWord } from "./crc32c.ts";

test("crc32c gives the published check value, at any length and start", () => {
  assert.equal(~crc32c(0xffff_ffff, Buffer.from("123456789")) >>> 0, 0xe306_9283);
  assert.equal(~crc32c(0xffff_ffff, Buffer.alloc(32)) >>> 0, 0x8a91_36aa);
  assert.equal(~crc32c(0xffff_ffff, Buffer.alloc(32, 0xff)) >>> 0, 0x62a8_ab43);
  assert.equal(~crc32c(0xffff_ffff, Buffer.from("ab123456789c"), 2, 11) >>> 0, 0xe306_9283);
});

test("crc32c continues where it stopped", () => {
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, index) => (index * 31) & 0xff));
  for (const cut of [0, 1, 7, 8, 9, 500, 1000]) {
    assert.equal(crc32c(crc32c(7, bytes, 0, cut), bytes, cut), crc32c(7, bytes), `cut at ${cut}`);
  }
  assert.equal(crc32cOfWord(7, 0xdead_beef), crc32c(7, Buffer.from([0xef, 0xbe, 0xad, 0xde])));
});
