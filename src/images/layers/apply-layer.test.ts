import assert from "node:assert/strict";
import { test } from "node:test";
import {
  directory,
  fails,
  file,
  link,
  listing,
  merge,
  symlink,
  whiteout,
} from "../../../test/fixtures/layer-entries.ts";
import { lookUp } from "../tree-paths.ts";

/** The numbers in the names are those of the correctness checklist. */

test("7: hard links share one node, also when they stand before their original or point to a symlink", () => {
  const { tree } = merge([link("b", "a"), file("a"), link("/c", "./b"), symlink("s", "a"), link("t", "s")]);
  const a = lookUp(tree, "/a")?.node;
  assert.equal(lookUp(tree, "/b")?.node, a);
  assert.equal(lookUp(tree, "/c")?.node, a);
  assert.equal(tree.root.children.get("t"), tree.root.children.get("s"));
});

test("8: a hard link reaches into lower layers; without an original both names are in the error", () => {
  const { tree } = merge([file("a", 7)], [link("b", "a")]);
  assert.equal(lookUp(tree, "/b")?.node, lookUp(tree, "/a")?.node);
  fails([[link("b", "gone")]], /"b" is a hard link to "gone"/);
  fails([[directory("d"), link("b", "d")]], /directory/);
});

test("9: replacing one name of a set leaves the others alone", () => {
  const { tree } = merge([file("a", 1), link("b", "a"), link("c", "a")], [file("b", 9)]);
  assert.deepEqual(listing(tree), ["/a=1", "/b=9", "/c=1"]);
  assert.equal(lookUp(tree, "/a")?.node, lookUp(tree, "/c")?.node);
});

test("10: a hard link replaces whatever is there and makes its parents", () => {
  const { tree } = merge(
    [file("a", 5), file("f"), symlink("s", "a"), directory("d"), file("d/x")],
    [link("f", "a"), link("s", "a"), link("d", "a"), link("new/deep/l", "a")],
  );
  assert.deepEqual(listing(tree), ["/a=5", "/d=5", "/f=5", "/new", "/new/deep", "/new/deep/l=5", "/s=5"]);
});

test("11: parents that nobody mentions are 0755 root:root until a later entry describes them", () => {
  const first = merge([file("x/y/z", 1, { uid: 5 })]);
  const implied = lookUp(first.tree, "/x/y")?.node;
  assert.deepEqual([implied?.mode, implied?.uid, implied?.gid], [0o755, 0, 0]);
  const second = merge([file("x/y/z")], [directory("x/y", { mode: 0o1777, uid: 3 })]);
  const described = lookUp(second.tree, "/x/y")?.node;
  assert.deepEqual([described?.mode, described?.uid], [0o1777, 3]);
  assert.ok(lookUp(second.tree, "/x/y/z"));
});

test("12: a directory over a directory keeps the children and replaces all metadata", () => {
  const { tree } = merge(
    [directory("d", { xattrs: new Map([["user.old", Buffer.from("1")]]), mtimeSeconds: 1 }), file("d/a")],
    [
      directory("d", {
        mode: 0o2750,
        uid: 1,
        gid: 2,
        mtimeSeconds: 9,
        xattrs: new Map([["user.new", Buffer.from("2")]]),
      }),
    ],
  );
  const node = lookUp(tree, "/d")?.node;
  assert.deepEqual([node?.mode, node?.uid, node?.gid, node?.mtimeSeconds], [0o2750, 1, 2, 9]);
  assert.deepEqual([...(node?.xattrs.keys() ?? [])], ["user.new"]);
  assert.ok(lookUp(tree, "/d/a"));
});

test("13: links and directories replace each other; parents that are links resolve inside the root", () => {
  const replaced = merge([directory("d"), file("d/x"), symlink("l", "d")], [symlink("d", "elsewhere"), directory("l")]);
  assert.deepEqual(listing(replaced.tree), ["/d->elsewhere", "/l"]);
  const merged = merge(
    [directory("usr/bin"), symlink("bin", "usr/bin"), symlink("abs", "/usr"), symlink("up", "../../../usr")],
    [file("bin/sh", 2), file("abs/lib/x", 3), file("up/y", 4)],
  );
  assert.deepEqual(
    listing(merged.tree).filter(line => line.includes("=")),
    ["/usr/bin/sh=2", "/usr/lib/x=3", "/usr/y=4"],
  );
  const dangling = merge([symlink("var/lock", "/run/lock")], [file("var/lock/f", 6)]);
  assert.deepEqual(listing(dangling.tree), ["/run", "/run/lock", "/run/lock/f=6", "/var", "/var/lock->/run/lock"]);
  fails([[symlink("loop", "loop")], [file("loop/x")]], /too many symbolic links/);
  // As many as Docker and containerd follow, and not one more.
  const chain = (links: number) =>
    Array.from({ length: links }, (_, n) => symlink(`s${n}`, n === 0 ? "d" : `s${n - 1}`));
  assert.equal(lookUp(merge(chain(255), [file("s254/x", 7)]).tree, "/d/x")?.node.type, "file");
  fails([chain(256), [file("s255/x")]], /too many symbolic links/);
});

test("14: names are normalised, the root's own entry describes it, nothing leaves it", () => {
  const { tree } = merge([
    directory("./", { mode: 0o700, uid: 4 }),
    file("./a//b/", 1),
    file("/c", 2),
    file("x/../d", 3),
    file("././/e", 4),
  ]);
  assert.deepEqual(listing(tree), ["/a", "/a/b=1", "/c=2", "/d=3", "/e=4"]);
  assert.deepEqual([tree.root.mode, tree.root.uid], [0o700, 4]);
  for (const path of ["../x", "a/../../x", "/.."]) fails([[file(path)]], /leaves the root/);
  fails([[file("a\0b")]], /NUL/);
  fails([[symlink(".", "/etc")]], /root of the image/);
  fails([[file("a"), link("/", "a")]], /root of the image/);
});

test("25: an empty layer changes nothing, and the same layer twice gives its content once", () => {
  const layer = [file("a"), whiteout(".wh.b")];
  assert.deepEqual(listing(merge(layer, [], layer).tree), ["/a=1"]);
});

test("26: 300 levels and names that differ in case only", () => {
  const deep = Array.from({ length: 300 }, (_, level) => `d${level}`).join("/");
  const { tree } = merge([file(deep), file("Readme", 1), file("README", 2)]);
  assert.ok(lookUp(tree, `/${deep}`));
  assert.deepEqual(listing(tree).slice(0, 2), ["/README=2", "/Readme=1"]);
});

test("26: a tree is no deeper than programs can follow, also where links lead on", () => {
  const deep = (name: string, levels: number) => Array.from({ length: levels }, () => name).join("/");
  fails([[file(deep("d", 1001))]], /nested too deeply/);
  fails([[directory(deep("d", 900)), symlink("s", deep("d", 900)), file(`s/${deep("e", 900)}`)]], /nested too deeply/);
});

test("a lower file that a path needs as a directory becomes one", () => {
  const { tree, warnings } = merge([file("a")], [file("a/b", 2)]);
  assert.deepEqual(listing(tree), ["/a", "/a/b=2"]);
  assert.equal(warnings.length, 1);
});
