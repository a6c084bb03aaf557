import assert from "node:assert/strict";
import { test } from "node:test";
import { entry, fails, file, listing, merge, symlink } from "../../../test/fixtures/layer-entries.ts";
import { lookUp } from "../tree-paths.ts";

/** The numbers in the names are those of the correctness checklist. */

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
