import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { tarArchive, type TarMember } from "../../../test/fixtures/tar-archive.ts";
import type { Problem } from "../../api/problems.ts";
import { HeaderCopier } from "../tar/header-copier.ts";
import { ImageBudget, type TreeCosts } from "./image-budget.ts";
import { LayerReader } from "./layer-reader.ts";
import { type DecodedLayer, mergeLayers } from "./merge-layers.ts";

/** A layer in a file; its headers are read before merging or by merging. */
function layerOf(
  t: TestContext,
  members: TarMember[],
  index: number,
  budget: ImageBudget,
  isEarly: boolean,
): DecodedLayer {
  const directory = mkdtempSync(join(tmpdir(), "labyard-budget-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "layer.tar");
  const archive = tarArchive(members);
  writeFileSync(path, archive);
  const label = `layer ${index + 1}`;
  const reader = new LayerReader(index, label, budget);
  if (isEarly) readEarly(reader, archive);
  return { path, label, reader };
}

function readEarly(reader: LayerReader, archive: Buffer): void {
  const copier = new HeaderCopier(parts => reader.add(parts));
  copier.add(archive);
  copier.flush();
}

/** Merges these layers under a limit, read early and not: undefined, or the message of the failure, the same both times. */
async function merge(t: TestContext, layers: TarMember[][], limits: Partial<TreeCosts>): Promise<string | undefined> {
  const outcomes = [];
  for (const isEarly of [true, false]) {
    const budget = new ImageBudget(limits);
    const decoded = layers.map((members, index) => layerOf(t, members, index, budget, isEarly));
    try {
      (await mergeLayers(decoded))[Symbol.dispose]();
      outcomes.push(undefined);
    } catch (error) {
      assert.equal((error as Problem).code, "image/too-large", String(error));
      outcomes.push((error as Problem).message);
    }
  }
  assert.equal(outcomes[0] === undefined, outcomes[1] === undefined);
  return outcomes[1];
}

const path = (name: string, text: string): TarMember => ({ name, pax: [["path", text]] });
const deep = (name: string) => path("x", `${name}/${"d/".repeat(100)}f`);

test("bombs: directories that only paths imply count", async t => {
  const lone = [deep("a"), deep("b"), deep("c")];
  assert.match((await merge(t, [lone], { files: 250 })) ?? "", /layer 1: .* more than 250 files and directories/);
  assert.equal(await merge(t, [lone], { files: 320 }), undefined);
  // A layer above another waits with its members; its directories are made when it is merged.
  assert.match((await merge(t, [[], lone], { files: 250 })) ?? "", /^layer 2: .* more than 250 files/);
  const throughLinks: TarMember[] = [
    { name: "s", type: "2", linkName: `q/${"d/".repeat(40)}` },
    ...["a", "b", "c"].map(name => ({ name: `s/${name}/f` })),
  ];
  assert.match((await merge(t, [throughLinks], { files: 40 })) ?? "", /more than 40 files/);
});

test("bombs: every member counts, whatever becomes of it", async t => {
  const kinds: TarMember[] = [
    { name: "f" },
    { name: "f" },
    { name: "l", type: "1", linkName: "f" },
    { name: ".wh.gone" },
    { name: "d/" },
  ];
  assert.match((await merge(t, [[], kinds], { files: 4 })) ?? "", /layer 2: .* more than 4 files/);
  assert.equal(await merge(t, [[], kinds], { files: 5 }), undefined);
});

test("bombs: attributes count with what each costs, dropped ones do not", async t => {
  const attributes = (name: string, count: number, bytes: number): TarMember => ({
    name,
    pax: Array.from({ length: count }, (_, index) => [`SCHILY.xattr.user.${index}`, "v".repeat(bytes)]),
  });
  assert.match(
    (await merge(t, [[attributes("a", 10, 5000)]], { xattrBytes: 40_000 })) ?? "",
    /layer 1: .* more than 40000 bytes of extended attributes/,
  );
  assert.match((await merge(t, [[attributes("a", 200, 1)]], { xattrBytes: 40_000 })) ?? "", /extended attributes/);
  assert.equal(await merge(t, [[attributes("a", 10, 1000)]], { xattrBytes: 40_000 }), undefined);
  const labels: TarMember = { name: "a", pax: [["SCHILY.xattr.security.selinux", "v".repeat(50_000)]] };
  assert.equal(await merge(t, [[labels]], { xattrBytes: 40_000 }), undefined);
});

test("bombs: the pieces of all sparse files count together", async t => {
  const sparse = (name: string, pieces: number): TarMember => ({
    name,
    content: Buffer.alloc(pieces, 1),
    pax: [
      ["GNU.sparse.size", String(pieces * 2)],
      ["GNU.sparse.map", Array.from({ length: pieces }, (_, index) => `${index * 2},1`).join(",")],
    ],
  });
  const files = [sparse("a", 100), sparse("b", 100), sparse("c", 100)];
  assert.match((await merge(t, [files], { segments: 250 })) ?? "", /layer 1: .* more than 250 pieces of sparse files/);
  assert.equal(await merge(t, [files], { segments: 300 }), undefined);
});

test("bombs: long paths, long targets, and links that are followed again and again", async t => {
  const limits = { nameBytes: 50_000 };
  const isRefused = async (...layers: TarMember[][]) =>
    assert.match((await merge(t, layers, limits)) ?? "", /more than 50000 bytes of paths and link targets/);
  // Nothing but a short name in the tree, but all of the path in memory.
  const padded = Array.from({ length: 10 }, (_, index) =>
    path("x", `${"./".repeat(3000)}a-file-of-some-length-${index}`),
  );
  await isRefused(padded);
  const target: Array<[string, string]> = [["linkpath", "t".repeat(4000)]];
  await isRefused(Array.from({ length: 15 }, (_, index) => ({ name: `l${index}`, type: "2", pax: target })));
  await isRefused(
    [],
    Array.from({ length: 15 }, (_, index) => ({ name: `l${index}`, type: "1", pax: target })),
  );
  // Components of one letter take far more than their letters while they wait.
  await isRefused(
    [],
    Array.from({ length: 20 }, (_, index) => path("x", `${index}/${"d/".repeat(100)}f`)),
  );
  const way = `w/${"./".repeat(500)}`;
  await isRefused([
    { name: "s", type: "2", pax: [["linkpath", way]] },
    ...Array.from({ length: 60 }, (_, index) => ({ name: `s/${index}` })),
  ]);
  assert.equal(await merge(t, [padded.slice(0, 5)], limits), undefined);
});

test("bombs: what each of two layers may have is too much for both", async t => {
  const layer = (name: string) => Array.from({ length: 60 }, (_, index) => ({ name: `${name}${index}` }));
  assert.equal(await merge(t, [layer("a")], { files: 100 }), undefined);
  assert.match((await merge(t, [layer("a"), layer("b")], { files: 100 })) ?? "", /^layer \d: .* more than 100 files/);
});

test("a layer that is not the promised one takes nothing from the others", async t => {
  const members = (name: string) => Array.from({ length: 60 }, (_, index) => ({ name: `${name}${index}` }));
  const budget = new ImageBudget({ files: 100 });
  const wrong = new LayerReader(1, "layer 2", budget);
  readEarly(wrong, tarArchive(members("wrong")));
  assert.equal(budget.spent.files, 60);
  // Not all of it fits beside what the other has read: it is read anew when it is merged.
  const lower = layerOf(t, members("a"), 0, budget, true);
  assert.equal(budget.spent.files, 60);
  wrong.forget();
  const upper = layerOf(t, members("b").slice(0, 40), 1, budget, true);
  using merged = await mergeLayers([lower, upper]);
  assert.equal(merged.tree.root.children.size, 100);
  assert.equal(budget.spent.files, 100);
  // Headers that are still on their way to one that is given up change nothing.
  readEarly(wrong, tarArchive(members("late")));
  assert.equal(budget.spent.files, 100);
});
