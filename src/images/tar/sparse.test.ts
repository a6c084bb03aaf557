import assert from "node:assert/strict";
import { test } from "node:test";
import { tarArchive, tarMember, type TarMember } from "../../../test/fixtures/tar-archive.ts";
import { contentOf, readMember, refuses } from "../../../test/fixtures/tar-index.ts";

/** The numbers in the names are those of the correctness checklist. */

const sparse = { logical: Buffer.alloc(5000), stored: Buffer.from("AAAABBBBBB"), size: 5000 };
sparse.logical.write("AAAA", 1000);
sparse.logical.write("BBBBBB", 4000);

test("22: sparse files in the old GNU form, with and without a continuation block", () => {
  const patch = (pairs: Array<[number, number]>, extended: boolean, realSize: number) => (header: Buffer) => {
    for (const [slot, [offset, length]] of pairs.entries()) {
      header.write(offset.toString(8).padStart(11, "0"), 386 + slot * 24, "latin1");
      header.write(length.toString(8).padStart(11, "0"), 398 + slot * 24, "latin1");
    }
    header[482] = extended ? 1 : 0;
    header.write(realSize.toString(8).padStart(11, "0"), 483, "latin1");
  };
  const simple = tarArchive([
    {
      name: "f",
      type: "S",
      magic: "gnu",
      content: sparse.stored,
      patch: patch(
        [
          [1000, 4],
          [4000, 6],
          [5000, 0],
        ],
        false,
        5000,
      ),
    },
  ]);
  assert.ok(contentOf(simple).equals(sparse.logical));
  // Six single bytes: four in the header, two in the block after it.
  const header = tarMember({
    name: "f",
    type: "S",
    magic: "gnu",
    size: 6,
    patch: patch(
      [
        [0, 1],
        [10, 1],
        [20, 1],
        [30, 1],
      ],
      true,
      100,
    ),
  });
  const more = Buffer.alloc(512);
  for (const [slot, offset] of [40, 99].entries()) {
    more.write(offset.toString(8).padStart(11, "0"), slot * 24, "latin1");
    more.write("00000000001", slot * 24 + 12, "latin1");
  }
  const data = Buffer.alloc(512);
  data.write("abcdef");
  const expected = Buffer.alloc(100);
  for (const [index_, offset] of [0, 10, 20, 30, 40, 99].entries()) expected.write("abcdef"[index_] as string, offset);
  assert.ok(contentOf(Buffer.concat([header, more, data, tarArchive([])])).equals(expected));
});

test("22: sparse files in the three pax forms", () => {
  const common = { name: "GNUSparseFile.1/f", content: sparse.stored };
  const form00 = readMember({
    ...common,
    name: "f",
    pax: [
      ["GNU.sparse.size", "5000"],
      ["GNU.sparse.numblocks", "2"],
      ["GNU.sparse.offset", "1000"],
      ["GNU.sparse.numbytes", "4"],
      ["GNU.sparse.offset", "4000"],
      ["GNU.sparse.numbytes", "6"],
    ],
  });
  assert.deepEqual([form00.path, form00.size, form00.segments?.length], ["f", 5000, 2]);
  const form01: TarMember = {
    ...common,
    pax: [
      ["GNU.sparse.size", "5000"],
      ["GNU.sparse.name", "f"],
      ["GNU.sparse.map", "1000,4,4000,6"],
    ],
  };
  assert.equal(readMember(form01).path, "f");
  assert.ok(contentOf(tarArchive([form01])).equals(sparse.logical));
  const map = Buffer.alloc(512);
  map.write("2\n1000\n4\n4000\n6\n");
  const form10: TarMember = {
    ...common,
    content: Buffer.concat([map, sparse.stored]),
    pax: [
      ["GNU.sparse.major", "1"],
      ["GNU.sparse.minor", "0"],
      ["GNU.sparse.name", "f"],
      ["GNU.sparse.realsize", "5000"],
    ],
  };
  assert.deepEqual([readMember(form10).path, readMember(form10).size, readMember(form10).storedSize], ["f", 5000, 10]);
  assert.ok(contentOf(tarArchive([form10])).equals(sparse.logical));
});

test("22: sparse maps that lie are refused", () => {
  const withMap = (map: string, size = "5000") =>
    tarArchive([
      {
        name: "f",
        content: sparse.stored,
        pax: [
          ["GNU.sparse.size", size],
          ["GNU.sparse.map", map],
        ],
      },
    ]);
  refuses(withMap("4000,6,1000,4"), /overlaps or runs backwards/);
  refuses(withMap("1000,4,4000,7"), /does not match the stored/);
  refuses(withMap("1000,4,4000,6", "4005"), /beyond the end/);
  refuses(withMap("1000,4,4000"), /malformed/);
  refuses(withMap("x"), /not a number/);
  const leading = (map: string) =>
    tarArchive([
      {
        name: "f",
        content: map.padEnd(512, "\0"),
        pax: [
          ["GNU.sparse.major", "1"],
          ["GNU.sparse.realsize", "5000"],
        ],
      },
      { name: "next", content: "1000\n4\n".padEnd(512, "\0") },
    ]);
  // Whatever follows belongs to others.
  refuses(leading("100\n0\n1\n"), /longer than its member/);
});
