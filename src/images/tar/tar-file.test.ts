import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { base256, paxBody, tarArchive, tarMember } from "../../../test/fixtures/tar-archive.ts";
import { indexArchive, readMember, readMembers, refuses } from "../../../test/fixtures/tar-index.ts";
import { TarError } from "./tar-entry.ts";

/** The numbers in the names are those of the correctness checklist. */

test("reads the plain fields of every kind of member", () => {
  const entries = readMembers(
    { name: "dir/", mode: 0o1777, uid: 5, gid: 6, mtime: 7 },
    { name: "dir/file", content: "hello", mode: 0o4755 },
    { name: "hard", type: "1", linkName: "dir/file", size: 5 },
    { name: "soft", type: "2", linkName: "../x" },
    { name: "null", type: "3", major: 1, minor: 3 },
    { name: "sda", type: "4", major: 8, minor: 1 },
    { name: "pipe", type: "6" },
    { name: "reserved", type: "7", content: "c" },
  );
  assert.deepEqual(
    entries.map(({ type, path, size, linkPath }) => [type, path, size, linkPath]),
    [
      ["directory", "dir/", 0, ""],
      ["file", "dir/file", 5, ""],
      ["hardlink", "hard", 0, "dir/file"],
      ["symlink", "soft", 0, "../x"],
      ["chardev", "null", 0, ""],
      ["blockdev", "sda", 0, ""],
      ["fifo", "pipe", 0, ""],
      ["file", "reserved", 1, ""],
    ],
  );
  const [directory, file] = entries;
  assert.deepEqual([directory?.mode, directory?.uid, directory?.gid, directory?.mtimeSeconds], [0o1777, 5, 6, 7]);
  assert.equal(file?.mode, 0o4755);
  assert.deepEqual([entries[4]?.major, entries[4]?.minor], [1, 3]);
});

test("16: names that are not UTF-8 keep their bytes", () => {
  assert.equal(readMember({ name: "caf\xe9\xff" }).path, "caf\xe9\xff");
  assert.equal(readMember({ name: "x", pax: [["path", Buffer.from("p\xfe", "latin1")]] }).path, "p\xfe");
});

test("17: long names by prefix, by GNU headers and by pax", () => {
  assert.equal(readMember({ name: "b", prefix: "a/".repeat(70).slice(0, -1) }).path, `${"a/".repeat(70)}b`);
  const long = `${"long/".repeat(100)}name`;
  const gnu = Buffer.concat([
    tarMember({ name: "././@LongLink", type: "L", content: `${long}\0`, magic: "gnu" }),
    tarMember({ name: "././@LongLink", type: "K", content: `${long}-target\0`, magic: "gnu" }),
    tarMember({ name: "cut", type: "2", linkName: "cut", magic: "gnu" }),
    tarArchive([{ name: "next" }]),
  ]);
  const [first, second] = indexArchive(gnu).entries;
  assert.deepEqual([first?.path, first?.linkPath], [long, `${long}-target`]);
  assert.equal(second?.path, "next");
  const pax = readMember({
    name: "cut",
    type: "2",
    pax: [
      ["path", long],
      ["linkpath", "to"],
    ],
  });
  assert.deepEqual([pax.path, pax.linkPath], [long, "to"]);
  // The bytes of the prefix mean something else to GNU.
  assert.equal(readMember({ name: "n", magic: "gnu", prefix: "atime" }).path, "n");
});

test("18: large, negative and fractional numbers", () => {
  const entry = readMember({
    name: "f",
    pax: [
      ["uid", "4294967294"],
      ["gid", "3000000"],
      ["mtime", "-1.25"],
    ],
  });
  assert.deepEqual([entry.uid, entry.gid], [4294967294, 3000000]);
  assert.deepEqual([entry.mtimeSeconds, entry.mtimeNanoseconds], [-2, 750_000_000]);
  assert.equal(readMember({ name: "f", mtime: base256(-5n, 12) }).mtimeSeconds, -5);
  assert.equal(readMember({ name: "f", mtime: base256(2n ** 33n, 12) }).mtimeSeconds, 2 ** 33);
  assert.equal(readMember({ name: "f", pax: [["mtime", "1700000000.000000001"]] }).mtimeNanoseconds, 1);
  // An empty value takes back what another said.
  const taken = readMember({
    name: "f",
    uid: 7,
    pax: [
      ["uid", "9"],
      ["uid", ""],
      ["path", ""],
    ],
  });
  assert.deepEqual([taken.path, taken.uid], ["f", 7]);
  refuses(tarArchive([{ name: "f", pax: [["uid", "-1"]] }]), /"uid" is not a number/);
  refuses(tarArchive([{ name: "f", pax: [["mtime", "NaN"]] }]), /not a time/);
  refuses(tarArchive([{ name: "f", size: base256(-1n, 12) }]), /negative/);
});

test("18: the size in pax counts, and global headers give defaults", () => {
  const header = { name: "f", size: 0, content: "four", pax: [["size", "4"]] as Array<[string, string]> };
  assert.equal(readMember(header).size, 4);
  const archive = Buffer.concat([
    tarMember({
      name: "g",
      type: "g",
      content: paxBody([
        ["uid", "77"],
        ["path", "evil"],
      ]),
    }),
    tarArchive([{ name: "a" }, { name: "b", pax: [["uid", "8"]] }]),
  ]);
  assert.deepEqual(
    indexArchive(archive).entries.map(entry => [entry.path, entry.uid]),
    [
      ["a", 77],
      ["b", 8],
    ],
  );
});

test("19: extended attributes with any bytes, in both spellings", () => {
  const binary = Buffer.from([0, 61, 10, 255]);
  const entry = readMember({
    name: "f",
    pax: [
      ["SCHILY.xattr.security.capability", binary],
      ["LIBARCHIVE.xattr.user.a%3Db", binary.toString("base64")],
      ["LIBARCHIVE.xattr.security.capability", "AAAA"],
    ],
  });
  assert.deepEqual([...entry.xattrs.keys()], ["security.capability", "user.a=b"]);
  assert.ok(entry.xattrs.get("security.capability")?.equals(binary));
  assert.ok(entry.xattrs.get("user.a=b")?.equals(binary));
});

test("23: unknown kinds, old archives, and checksums", () => {
  const found = indexArchive(
    tarArchive([
      { name: "vol", type: "V" },
      { name: "odd", type: "Z", content: "z" },
      { name: "none", type: "Z" },
    ]),
  );
  assert.deepEqual(
    found.entries.map(entry => entry.path),
    ["odd"],
  );
  assert.deepEqual(found.warnings, [
    'a member of the unknown kind "V" was ignored: vol',
    'a member of the unknown kind "Z" was taken for a file: odd',
    'a member of the unknown kind "Z" was ignored: none',
  ]);
  const known = ["0", "\0", "7"].map(type => ({ name: `f${type.charCodeAt(0)}`, type, content: "x" }));
  assert.deepEqual(indexArchive(tarArchive(known)).warnings, []);
  assert.equal(readMember({ name: "contiguous", type: "7" }).type, "file", "also without content");
  assert.equal(readMember({ name: "dump", type: "D", content: "Yx\0\0" }).type, "directory");
  // Not a file, whatever somebody puts behind it.
  assert.deepEqual(
    indexArchive(tarArchive([{ name: "vol", type: "V", content: "x" }, { name: "next" }])).entries.map(e => e.path),
    ["next"],
  );
  refuses(tarArchive([{ name: "rest", type: "M", content: "x" }]), /several volumes/);
  assert.equal(readMember({ name: "old/", type: "\0", magic: "v7" }).type, "directory");
  assert.equal(readMember({ name: "old", type: "\0", magic: "v7", content: "x" }).type, "file");
  const broken = tarArchive([{ name: "f" }]);
  broken[3] = 1;
  refuses(broken, /checksum/);
});

test("the checksum counts every byte of a header, unsigned or, as some old programs did, signed", () => {
  // As many large bytes as there can be: no part of the sum may overflow.
  const header = tarMember({
    name: "\xff".repeat(100),
    type: "2",
    linkName: "\xff".repeat(100),
    prefix: "\xff".repeat(155),
  });
  const withSum = (sum: number) => {
    const copy = Buffer.from(header);
    copy.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    return copy;
  };
  const unsigned = Number.parseInt(header.toString("latin1", 148, 154), 8);
  assert.equal(indexArchive(header).entries.length, 1);
  const readable = tarMember({ name: "\xe9".repeat(8) });
  const readableSum = Number.parseInt(readable.toString("latin1", 148, 154), 8);
  readable.write(`${(readableSum - 256 * 8).toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  assert.equal(indexArchive(readable).entries[0]?.path, "\xe9".repeat(8));
  for (const wrong of [unsigned + 1, unsigned - 1, unsigned - 256, unsigned - 65_536])
    refuses(withSum(wrong), /checksum/);
  for (let at = 0; at < 512; at++) {
    if (at >= 148 && at < 156) continue;
    const changed = Buffer.from(header);
    changed[at] = (changed[at] as number) ^ 1;
    refuses(changed, /checksum/);
  }
});

test("24: an archive may lack its end, but no payload may be cut", () => {
  const whole = tarMember({ name: "f", content: Buffer.alloc(700, 1) });
  assert.equal(indexArchive(whole).entries.length, 1);
  assert.equal(indexArchive(whole.subarray(0, 512 + 700)).entries.length, 1);
  refuses(whole.subarray(0, 512 + 699), /ends inside a file/);
  refuses(whole.subarray(0, 300), /ends inside a header/);
  assert.equal(indexArchive(Buffer.alloc(0)).entries.length, 0);
  refuses(Buffer.concat([Buffer.alloc(512), whole]), /lone end block/);
  assert.equal(
    indexArchive(Buffer.concat([tarArchive([{ name: "a" }]), Buffer.from("rubbish after the end")])).entries.length,
    1,
  );
});

test("bombs: too many members, too large headers", () => {
  assert.throws(
    () => indexArchive(tarArchive([{ name: "a" }, { name: "b" }, { name: "c" }]), 2),
    /more than 2 members/,
  );
  refuses(tarArchive([{ name: "x", type: "x", size: 2 * 1024 * 1024 }]), /larger than 1 MiB/);
  refuses(tarArchive([{ name: "x", type: "x", content: "99 broken" }]), /malformed/);
});

test("whatever the bytes, the scanner ends with entries or a TarError", () => {
  const base = tarArchive([
    {
      name: "a",
      content: "hello",
      pax: [
        ["SCHILY.xattr.user.x", "1"],
        ["mtime", "5.5"],
      ],
    },
    {
      name: "s",
      content: "AAAABBBBBB",
      pax: [
        ["GNU.sparse.size", "5000"],
        ["GNU.sparse.map", "1000,4,4000,6"],
      ],
    },
    { name: "l", type: "2", linkName: "a" },
  ]);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(base.length - 1), fc.nat(255)), { maxLength: 8 }),
      fc.nat(base.length),
      (changes, length) => {
        const bytes = Buffer.from(base.subarray(0, length));
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        // Header sums would catch nearly everything: mend them, so that the code behind is reached.
        for (let at = 0; at + 512 <= bytes.length; at += 512) mendChecksum(bytes.subarray(at, at + 512));
        try {
          indexArchive(bytes);
        } catch (error) {
          assert.ok(error instanceof TarError, String(error));
        }
      },
    ),
    { numRuns: 300 },
  );
});

function mendChecksum(block: Buffer): void {
  if (block.toString("latin1", 257, 262) !== "ustar") return;
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}
