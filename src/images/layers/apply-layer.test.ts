import assert from "node:assert/strict";
import { test } from "node:test";
import type { TarEntry } from "../tar/tar-entry.ts";
import { lookUp, walk } from "../tree-paths.ts";
import { emptyDirectory, type Tree } from "../tree.ts";
import { LayerContent } from "./apply-layer.ts";
import { LayerError } from "./entry-path.ts";
import { ImageBudget, LayerCosts } from "./image-budget.ts";

/** The numbers in the names are those of the correctness checklist. */

const entry = (type: TarEntry["type"], path: string, more: Partial<TarEntry> = {}): TarEntry => ({
  type,
  path,
  linkPath: "",
  mode: type === "directory" ? 0o755 : 0o644,
  uid: 0,
  gid: 0,
  mtimeSeconds: 1000,
  mtimeNanoseconds: 0,
  xattrs: new Map(),
  major: 0,
  minor: 0,
  size: 0,
  offset: 0,
  storedSize: 0,
  ...more,
});
/** A file whose size says which one it is. */
const file = (path: string, size = 1, more: Partial<TarEntry> = {}) =>
  entry("file", path, { size, storedSize: size, offset: size * 1000, ...more });
const directory = (path: string, more: Partial<TarEntry> = {}) => entry("directory", path, more);
const symlink = (path: string, linkPath: string) => entry("symlink", path, { linkPath });
const link = (path: string, linkPath: string) => entry("hardlink", path, { linkPath });
const whiteout = (path: string) => file(path, 0);

/** The lowest layer goes into the tree as it comes or afterwards, which must be the same. */
function merge(...layers: TarEntry[][]): { tree: Tree; warnings: string[] } {
  const [early, late] = [true, false].map(isEarly => mergeWith(layers, isEarly)) as [
    ReturnType<typeof mergeWith>,
    ReturnType<typeof mergeWith>,
  ];
  assert.deepEqual(early, late);
  return early;
}

function mergeWith(layers: TarEntry[][], isBottomEarly: boolean): { tree: Tree; warnings: string[] } {
  const tree: Tree = { root: emptyDirectory() };
  const warnings: string[] = [];
  const costs = new LayerCosts(new ImageBudget());
  for (const [layer, entries] of layers.entries()) {
    const warn = (message: string) => warnings.push(message);
    const content = new LayerContent({
      layer,
      warn,
      costs,
      ...(isBottomEarly && layer === 0 ? { bottomOf: tree } : {}),
    });
    for (const one of entries) content.add(one);
    content.applyTo(tree);
  }
  return { tree, warnings };
}

/** "path" for directories, "path=size" for files, "path->target" for links. */
function listing(tree: Tree): string[] {
  const lines: string[] = [];
  walk(tree, (path, node) => {
    if (path === "/") return;
    if (node.type === "file") lines.push(`${path}=${node.size}`);
    else if (node.type === "symlink") lines.push(`${path}->${node.target.toString("latin1")}`);
    else lines.push(path);
  });
  return lines;
}

const fails = (layers: TarEntry[][], message: RegExp) =>
  assert.throws(
    () => merge(...layers),
    (error: Error) => error instanceof LayerError && message.test(error.message),
  );

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

test("15, 17: link targets are data; impossible ones are refused", () => {
  const target = "/../..//etc/./x";
  const { tree } = merge([symlink("s", target), symlink("long", "x".repeat(4095))]);
  assert.deepEqual(listing(tree)[1], `/s->${target}`);
  fails([[symlink("s", "")]], /impossible target/);
  fails([[symlink("s", "x".repeat(4096))]], /impossible target/);
  fails([[file("y".repeat(256))]], /longer than 255/);
});

test("16: the last of two entries wins, and names keep their bytes", () => {
  const { tree } = merge([file("caf\xe9", 1), file("a", 1), file("a", 2)]);
  assert.deepEqual(listing(tree), ["/a=2", "/caf\xe9=1"]);
});

test("19: attributes of the build host are dropped with a warning, others kept", () => {
  const xattrs = new Map([
    ["user.a", Buffer.from([0, 61, 10])],
    ["security.capability", Buffer.alloc(20)],
    ["security.selinux", Buffer.from("x")],
    ["trusted.overlay.opaque", Buffer.from("y")],
    ["trusted.x", Buffer.from("z")],
    ["com.apple.quarantine", Buffer.from("q")],
    ["system.posix_acl_access", Buffer.alloc(4)],
  ]);
  const { tree, warnings } = merge([file("f", 1, { xattrs })]);
  assert.deepEqual(
    [...(lookUp(tree, "/f")?.node.xattrs.keys() ?? [])],
    ["user.a", "security.capability", "trusted.x", "system.posix_acl_access"],
  );
  assert.equal(warnings.length, 3);
  // As long as the kernel takes them.
  const longest = new Map([[`user.${"n".repeat(250)}`, Buffer.alloc(65536)]]);
  assert.equal(lookUp(merge([file("f", 1, { xattrs: longest })]).tree, "/f")?.node.xattrs.size, 1);
  fails(
    [[file("f", 1, { xattrs: new Map([[`user.${"n".repeat(251)}`, Buffer.alloc(1)]]) })]],
    /no filesystem can hold/,
  );
  fails([[file("f", 1, { xattrs: new Map([["user.big", Buffer.alloc(65537)]]) })]], /no filesystem can hold/);
});

test("20, 21: special bits, devices and pipes are kept; an overlay-style device is only data", () => {
  const { tree, warnings } = merge([
    file("su", 1, { mode: 0o6755, uid: 1 }),
    entry("chardev", "null", { major: 1, minor: 3 }),
    entry("blockdev", "sda", { major: 8, minor: 259 }),
    entry("fifo", "pipe"),
    entry("chardev", "zero-zero"),
  ]);
  assert.equal(lookUp(tree, "/su")?.node.mode, 0o6755);
  assert.deepEqual(listing(tree), ["/null", "/pipe", "/sda", "/su=1", "/zero-zero"]);
  assert.equal(warnings.length, 1);
  const highest = merge([file("f", 1, { uid: 2 ** 32 - 2, gid: 2 ** 32 - 2 })]);
  assert.equal(lookUp(highest.tree, "/f")?.node.gid, 2 ** 32 - 2);
  fails([[file("f", 1, { uid: 2 ** 32 - 1 })]], /impossible owner/);
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
