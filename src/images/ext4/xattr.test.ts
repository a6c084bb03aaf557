import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeAcl } from "./acl.ts";
import { encodeXattrs, outsizedXattrs } from "./xattr.ts";

const path = () => "/some/file";
const encode = (entries: ReadonlyArray<readonly [string, Buffer]>) => encodeXattrs(new Map(entries), path);

test("no attributes, no area", () => {
  assert.deepEqual(encode([]), {});
});

test("a capability fits the inode", () => {
  const { inline, block } = encode([["security.capability", Buffer.alloc(20, 1)]]);
  assert.equal(block, undefined);
  assert.equal(inline?.readUInt32LE(0), 0xea02_0000);
  assert.equal(inline?.readUInt8(4), "capability".length);
  assert.equal(inline?.readUInt8(5), 6);
});

test("what the inode cannot hold goes to a block, in the order the kernel searches", () => {
  const value = Buffer.alloc(60, 2);
  const { block } = encode([
    ["trusted.zz", value],
    ["user.bbb", value],
    ["user.a", value],
    ["user.c", value],
  ]);
  const names: string[] = [];
  assert.ok(block !== undefined);
  for (let at = 32; block.readUInt32LE(at) !== 0; ) {
    const length = block.readUInt8(at);
    names.push(`${block.readUInt8(at + 1)}.${block.toString("latin1", at + 16, at + 16 + length)}`);
    at += 16 + ((length + 3) & ~3);
  }
  assert.deepEqual(names, ["1.c", "1.bbb", "4.zz"]);
});

test("the order of insertion does not matter", () => {
  const entries = ["user.b", "security.x", "user.a", "trusted.t"].map(name => [name, Buffer.from(name)] as const);
  assert.deepEqual(encode(entries), encode(entries.toReversed()));
});

test("names that no Linux filesystem stores are left out", () => {
  assert.deepEqual(encode([["com.apple.provenance", Buffer.from("x")]]), {});
});

test("the largest values leave the block, as few as will do", () => {
  const outsized = (entries: ReadonlyArray<readonly [string, number]>) =>
    outsizedXattrs(new Map(entries.map(([name, length]) => [name, Buffer.alloc(length)])), path);
  assert.deepEqual(outsized([["user.a", 4000]]), []);
  assert.deepEqual(outsized([["user.a", 4096]]), ["user.a"]);
  assert.deepEqual(
    outsized([
      ["user.a", 2000],
      ["user.b", 60_000],
      ["user.c", 1900],
    ]),
    ["user.b"],
  );
  assert.deepEqual(
    outsized([
      ["user.c", 3000],
      ["user.a", 3000],
    ]),
    ["user.a"],
  );
});

test("names that fill more than a block are refused", () => {
  const names = Array.from({ length: 20 }, (_, index) => [`user.${index}${"n".repeat(230)}`, Buffer.alloc(1)] as const);
  assert.throws(() => outsizedXattrs(new Map(names), path), {
    code: "image/unsupported",
    message: /names of the extended attributes of \/some\/file take \d+ bytes/,
  });
});

test("ACLs lose the ids that mean nothing, and only those", () => {
  const entries = [
    [1, 7, 0xffff_ffff],
    [2, 5, 1000],
    [4, 5, 0xffff_ffff],
    [16, 5, 0xffff_ffff],
    [32, 0, 0xffff_ffff],
  ] as const;
  const value = Buffer.alloc(4 + 8 * entries.length);
  value.writeUInt32LE(2, 0);
  entries.forEach(([tag, perm, id], index) => {
    value.writeUInt16LE(tag, 4 + index * 8);
    value.writeUInt16LE(perm, 6 + index * 8);
    value.writeUInt32LE(id, 8 + index * 8);
  });
  assert.equal(encodeAcl(value)?.toString("hex"), "010000000100070002000500e8030000040005001000050020000000");
});

test("a malformed ACL is refused, not stored for the kernel to stumble over", () => {
  assert.equal(encodeAcl(Buffer.from([1, 0, 0, 0])), undefined);
  assert.equal(encodeAcl(Buffer.from([2, 0, 0, 0, 1, 0])), undefined);
  assert.equal(encodeAcl(Buffer.from([2, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0])), undefined);
  assert.throws(() => encode([["system.posix_acl_access", Buffer.alloc(3)]]), { code: "image/unsupported" });
});
