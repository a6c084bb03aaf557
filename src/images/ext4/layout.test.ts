import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { BlockRange } from "./format.ts";
import { hasBackup, type Layout, planLayout, superblockBlocks } from "./layout.ts";

const mebibyte = 2 ** 20;
const gibibyte = 2 ** 30;

function plan(sizeBytes: number, entries = 0): Layout {
  const layout = planLayout(sizeBytes, entries);
  assert.ok(layout !== undefined);
  return layout;
}

test("copies of the superblock lie in groups 0, 1 and powers of 3, 5 and 7", () => {
  const groups = Array.from({ length: 130 }, (_, group) => group).filter(hasBackup);
  assert.deepEqual(groups, [0, 1, 3, 5, 7, 9, 25, 27, 49, 81, 125]);
});

test("journal sizes follow mke2fs", () => {
  const sizes = [4, 64, 512, 1024, 2048, 20_480, 40_960, 102_400, 204_800].map(
    size => (plan(size * mebibyte).journalBlocks * 4096) / mebibyte,
  );
  assert.deepEqual(sizes, [0, 4, 16, 32, 64, 128, 256, 512, 1024]);
});

test("1 GiB has room to grow to 100 GiB and beyond, also from 16 MiB", () => {
  for (const size of [16 * mebibyte, gibibyte, 10 * gibibyte]) {
    const { descriptorBlocks, reservedDescriptorBlocks } = plan(size);
    const reachable = (descriptorBlocks + reservedDescriptorBlocks) * 64 * 128 * mebibyte;
    assert.ok(reachable >= 1024 * gibibyte, `${size}: ${reachable}`);
  }
});

test("inodes: one for 16 KiB, or twice the entries", () => {
  assert.equal(plan(gibibyte).inodeCount, 65_536);
  assert.ok(plan(gibibyte, 100_000).inodeCount >= 200_000);
});

test("a tail too small for its own metadata is left out", () => {
  const groups = 17;
  const tail = plan(groups * 128 * mebibyte - 127 * mebibyte);
  assert.equal(tail.blockCount, 16 * 32_768);
  assert.equal(planLayout(100_000, 0), undefined);
});

test("nothing overlaps and everything lies inside", () => {
  const sizes = fc.integer({ min: 16 * mebibyte, max: 200 * gibibyte });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 0, max: 3_000_000 }), (size, entries) => {
      const layout = planLayout(size, entries);
      if (layout === undefined) return;
      const pieces: BlockRange[] = [];
      for (let group = 0; group < layout.groupCount; group++) {
        const start = group * 32_768;
        if (hasBackup(group)) pieces.push({ start, end: start + superblockBlocks(layout) });
      }
      for (const { blockBitmap, inodeBitmap, inodeTable } of layout.groups) {
        pieces.push({ start: blockBitmap, end: blockBitmap + 1 }, { start: inodeBitmap, end: inodeBitmap + 1 });
        pieces.push({ start: inodeTable, end: inodeTable + layout.inodeTableBlocks });
      }
      pieces.sort((a, b) => a.start - b.start);
      let end = 0;
      let blocks = 0;
      for (const piece of pieces) {
        assert.ok(piece.start >= end, `${piece.start} < ${end}`);
        end = piece.end;
        blocks += piece.end - piece.start;
      }
      assert.ok(end <= layout.blockCount);
      assert.equal(
        layout.metadata.reduce((sum, range) => sum + range.end - range.start, 0),
        blocks,
      );
      assert.ok(layout.blockCount * 4096 <= size);
    }),
    { numRuns: 200 },
  );
});
