import assert from "node:assert/strict";
import { test } from "node:test";
import { appendExtent, buildExtentTree, countIndexBlocks } from "./extents.ts";
import type { Extent } from "./format.ts";

const separate = (count: number): Extent[] =>
  Array.from({ length: count }, (_, index) => ({ logical: index * 2, physical: 1000 + index, length: 1 }));

function build(extents: readonly Extent[]) {
  const blocks: Buffer[] = [];
  const tree = buildExtentTree(
    extents,
    () => 0,
    block => 5_000_000_000 + blocks.push(block),
  );
  const root = Buffer.from(tree.root);
  return { ...tree, root, blocks, depth: root.readUInt16LE(6), entries: root.readUInt16LE(2) };
}

test("runs that continue each other become one", () => {
  const extents: Extent[] = [];
  appendExtent(extents, 0, 100, 5);
  appendExtent(extents, 5, 105, 5);
  appendExtent(extents, 12, 110, 1);
  appendExtent(extents, 13, 200, 1);
  assert.deepEqual(extents, [
    { logical: 0, physical: 100, length: 10 },
    { logical: 12, physical: 110, length: 1 },
    { logical: 13, physical: 200, length: 1 },
  ]);
});

test("four runs fit the inode; more go to blocks, in as many levels as needed", () => {
  for (const [count, depth, entries] of [
    [0, 0, 0],
    [4, 0, 4],
    [5, 1, 1],
    [4 * 340, 1, 4],
    [4 * 340 + 1, 2, 1],
  ] as const) {
    const tree = build(separate(count));
    assert.deepEqual([tree.depth, tree.entries], [depth, entries], `${count} runs`);
    assert.equal(tree.indexBlocks, tree.blocks.length);
    assert.equal(tree.indexBlocks, countIndexBlocks(count));
  }
});

test("a run longer than 32768 blocks is told as several", () => {
  const { root } = build([{ logical: 0, physical: 2 ** 32 + 7, length: 70_000 }]);
  const entry = (index: number) => [
    root.readUInt32LE(12 + index * 12),
    root.readUInt16LE(16 + index * 12),
    root.readUInt16LE(18 + index * 12) * 2 ** 32 + root.readUInt32LE(20 + index * 12),
  ];
  assert.deepEqual(
    [entry(0), entry(1), entry(2)],
    [
      [0, 32_768, 2 ** 32 + 7],
      [32_768, 32_768, 2 ** 32 + 7 + 32_768],
      [65_536, 4464, 2 ** 32 + 7 + 65_536],
    ],
  );
});
