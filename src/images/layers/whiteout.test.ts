import assert from "node:assert/strict";
import { test } from "node:test";
import { directory, fails, file, listing, merge, symlink, whiteout } from "../../../test/fixtures/layer-entries.ts";
import type { TarEntry } from "../tar/tar-entry.ts";
import { lookUp } from "../tree-paths.ts";

/** The numbers in the names are those of the correctness checklist. */

test("1: a whiteout removes a lower file, link or tree, and need not hit anything", () => {
  const { tree } = merge(
    [file("a"), symlink("b", "a"), directory("c"), file("c/d/e"), file("keep")],
    [whiteout(".wh.a"), whiteout(".wh.b"), whiteout(".wh.c"), whiteout(".wh.nothing"), whiteout("no/.wh.where")],
  );
  assert.deepEqual(listing(tree), ["/keep=1"]);
});

test("2: an opaque directory hides lower children only, whatever the order, and keeps itself", () => {
  for (const order of [(list: TarEntry[]) => list, (list: TarEntry[]) => list.toReversed()]) {
    const { tree } = merge(
      [directory("d", { mode: 0o700 }), file("d/old"), file("d/sub/old"), file("other")],
      order([whiteout("d/.wh..wh..opq"), file("d/new", 2), file("d/sub/new", 3)]),
    );
    assert.deepEqual(listing(tree), ["/d", "/d/new=2", "/d/sub", "/d/sub/new=3", "/other=1"]);
    assert.equal(lookUp(tree, "/d")?.node.mode, 0o700);
  }
});

test("3: what a layer removes and adds again is there; files and directories change places", () => {
  const { tree } = merge(
    [file("a", 1), directory("b"), file("b/x"), file("c")],
    [file("a", 2), whiteout(".wh.a"), file("b", 3), directory("c"), file("c/y", 4)],
  );
  assert.deepEqual(listing(tree), ["/a=2", "/b=3", "/c", "/c/y=4"]);
});

test("4: a whiteout below a removed name is tolerated with a warning, whatever their order and depth", () => {
  for (const below of ["foo/.wh.bar", "foo/deep/.wh.x", "foo/deep/.wh..wh..opq"]) {
    const upper = [whiteout(".wh.foo"), whiteout(below)];
    for (const entries of [upper, upper.toReversed()]) {
      const { tree, warnings } = merge([file("foo/bar"), file("foo/deep/x")], entries);
      assert.deepEqual(listing(tree), []);
      assert.deepEqual(warnings, [`there are whiteouts in "${below.replace(/\/\.wh.*/, "")}", which is removed`]);
    }
  }
  const { warnings } = merge(
    [file("foo/bar"), file("foo/deep/x")],
    [whiteout("foo/.wh..wh..opq"), whiteout("foo/.wh.bar"), whiteout(".wh.nothing"), whiteout("nothing/.wh.x")],
  );
  assert.deepEqual(warnings, []);
});

test("5, 6: whiteouts never appear; old bookkeeping is ignored; a bare one is refused", () => {
  const { tree, warnings } = merge([
    whiteout(".wh.nothing"),
    whiteout(".wh..wh.aufs"),
    directory(".wh..wh.plnk"),
    file(".wh..wh.plnk/1.2"),
    file("a"),
  ]);
  assert.deepEqual(listing(tree), ["/a=1"]);
  assert.equal(warnings.length, 3);
  fails([[whiteout("x/.wh.")]], /without a name/);
  fails([[whiteout(".wh...")]], /without a name/);
});
