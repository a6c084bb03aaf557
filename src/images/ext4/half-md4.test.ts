import assert from "node:assert/strict";
import { test } from "node:test";
import { halfMd4, hashSeed } from "./half-md4.ts";

const seed = hashSeed(Buffer.from("000102030405060708090a0b0c0d0e0f", "hex"));

test("half MD4 gives the values of debugfs dx_hash", () => {
  assert.equal(halfMd4("hello", seed), 0xaf3d0524);
});

test("the lowest bit is free for the mark of a continued hash", () => {
  for (let index = 0; index < 1000; index++) assert.equal(halfMd4(`name-${index}`, seed) & 1, 0);
});

test("characters are signed: a byte above 0x7f is not its positive neighbour's hash", () => {
  assert.notEqual(halfMd4("\xe9", seed), halfMd4("i", seed));
  assert.notEqual(halfMd4("a".repeat(32), seed), halfMd4("a".repeat(33), seed));
});

test("a seed of zeros is never used: it would mean another one", () => {
  assert.ok(hashSeed(Buffer.alloc(16)).some(word => word !== 0));
});
