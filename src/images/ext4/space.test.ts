import assert from "node:assert/strict";
import { test } from "node:test";
import { directory, MemoryTree } from "../../../test/fixtures/memory-tree.ts";
import { takeInventory } from "./inventory.ts";
import { dataBlockRanges, measure, planFor, requiredBytes } from "./space.ts";

const mebibyte = 2 ** 20;

test("a drive without a size leaves at least 64 MiB or a tenth free", () => {
  const empty = requiredBytes({ root: directory({}) });
  assert.ok(empty >= 64 * mebibyte && empty < 80 * mebibyte, `${empty / mebibyte} MiB`);
  const memory = new MemoryTree();
  const large = requiredBytes({ root: directory({ f: { ...memory.sparse(0, []), ...hugeFile(10 * 2 ** 30) } }) });
  assert.ok(large >= 11 * 2 ** 30 && large < 12 * 2 ** 30, `${large / mebibyte} MiB`);
});

function hugeFile(size: number) {
  return { size, payload: { layer: 0, offset: 0, length: size } };
}

test("holes cost nothing, touched blocks count once", () => {
  const memory = new MemoryTree();
  const file = memory.sparse(100 * 4096, [
    [10, Buffer.from("a")],
    [20, Buffer.from("b")],
    [4095, Buffer.from("cc")],
    [50 * 4096, Buffer.alloc(4096, 1)],
  ]);
  assert.deepEqual(dataBlockRanges(file), [
    { start: 0, end: 2 },
    { start: 50, end: 51 },
  ]);
});

test("drives beyond 8 TiB are refused for what they are", () => {
  const demand = measure(takeInventory({ root: directory({}) }));
  assert.throws(() => planFor(demand, 9 * 2 ** 40), { code: "image/unsupported", message: /9 TiB/ });
  assert.ok(planFor(demand, 8 * 2 ** 40).blockCount === 2 ** 31);
});

test("entries alone can be too many for a drive", () => {
  assert.throws(() => planFor({ entries: 1_000_000, blocks: 10, fileBlocks: 0 }, 100 * mebibyte), {
    code: "image/too-big-for-drive",
  });
});
