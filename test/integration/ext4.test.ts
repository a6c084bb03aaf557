import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { run } from "../../src/host/process.ts";
import { halfMd4, hashSeed } from "../../src/images/ext4/half-md4.ts";
import { identityFrom } from "../../src/images/ext4/identity.ts";
import { requiredBytes } from "../../src/images/ext4/space.ts";
import { type WriteExt4Result, writeExt4 } from "../../src/images/ext4/write-ext4.ts";
import type { DirectoryNode, PayloadSource, TreeNode } from "../../src/images/tree.ts";
import { collidingNames } from "../fixtures/colliding-names.ts";
import { checkImage, debugfs, type Listing, listImage, listTree } from "../fixtures/ext4-reader.ts";
import { device, directory, fifo, MemoryTree, symlink } from "../fixtures/memory-tree.ts";

const mebibyte = 2 ** 20;
const seed = createHash("sha256").update("content").digest();
let scratch: string;
let images = 0;

before(async () => {
  scratch = await mkdtemp(join(tmpdir(), "labyard-ext4-"));
});
after(() => rm(scratch, { recursive: true, force: true }));

async function write(
  root: DirectoryNode,
  payloads: PayloadSource,
  sizeBytes = requiredBytes({ root }),
): Promise<WriteExt4Result & { path: string }> {
  const path = join(scratch, `${images++}.img`);
  return { path, ...(await writeExt4({ root }, payloads, { path, sizeBytes, seed })) };
}

function assertSameListing(found: Listing, wanted: Listing): void {
  assert.deepEqual([...found.keys()].sort(), [...wanted.keys()].sort());
  for (const [path, line] of wanted) assert.equal(found.get(path), line, path);
}

async function roundTrip(root: DirectoryNode, payloads: PayloadSource, sizeBytes?: number): Promise<string> {
  const { path } = await write(root, payloads, sizeBytes);
  await checkImage(path);
  assertSameListing(await listImage(path), listTree(root, payloads));
  return path;
}

const acl = (entries: ReadonlyArray<readonly [tag: number, perm: number, id: number]>) => {
  const value = Buffer.alloc(4 + entries.length * 8);
  value.writeUInt32LE(2, 0);
  entries.forEach(([tag, perm, id], index) => {
    value.writeUInt16LE(tag, 4 + index * 8);
    value.writeUInt16LE(perm, 6 + index * 8);
    value.writeUInt32LE(id, 8 + index * 8);
  });
  return value;
};

test("every kind of node comes back as it was", async () => {
  const memory = new MemoryTree();
  const linked = memory.file("linked", { mode: 0o4755, uid: 70_000, gid: 4_000_000_000 });
  const root = directory(
    {
      etc: directory({ passwd: memory.file("root:x:0:0:root:/root:/bin/sh\n"), empty: memory.file("") }),
      a: linked,
      b: directory({ c: linked }, { mode: 0o1777 }),
      "closed door": directory({ inside: memory.file("x") }, { mode: 0 }),
      fast: symlink("x".repeat(59)),
      slow: symlink("y".repeat(60)),
      longest: symlink("/z".repeat(2047)),
      bytes: symlink(Buffer.from("caf\xe9\xff", "latin1")),
      null: device("chardev", 1, 3),
      disk: device("blockdev", 259, 70_000),
      zero: device("chardev", 0, 0),
      pipe: fifo(),
      old: memory.file("old", { mtimeSeconds: -2_000_000_000, mtimeNanoseconds: 999_999_999 }),
      far: memory.file("far", { mtimeSeconds: 9_000_000_000, mtimeNanoseconds: 1 }),
      big: memory.file(Buffer.alloc(5 * mebibyte + 17, "pattern")),
    },
    { mode: 0o751, uid: 5 },
  );
  await roundTrip(root, memory);
});

test("extended attributes live in the inode, in a block, or both; ACLs survive", async () => {
  const memory = new MemoryTree();
  const access = acl([
    [1, 6, 0xffff_ffff],
    [2, 4, 1000],
    [4, 4, 0xffff_ffff],
    [8, 5, 2000],
    [16, 5, 0xffff_ffff],
    [32, 0, 0xffff_ffff],
  ]);
  const capability = Buffer.from("0100000200200000000000000000000000000000", "hex");
  const large = Buffer.alloc(3000, "v");
  await roundTrip(
    directory({
      ping: memory.file("ping", { xattrs: new Map([["security.capability", capability]]) }),
      shared: directory(
        {},
        {
          xattrs: new Map([
            ["system.posix_acl_access", access],
            ["system.posix_acl_default", access],
          ]),
        },
      ),
      large: memory.file("large", {
        xattrs: new Map([
          ["user.zero", Buffer.alloc(0)],
          ["user.large", large],
          ["user.binary", Buffer.from([0, 61, 10, 255])],
          ["trusted.t", Buffer.from("t")],
          ["security.capability", capability],
          ["user.a", Buffer.from("a")],
        ]),
      }),
      link: symlink("target", { xattrs: new Map([["trusted.l", Buffer.from("x".repeat(200))]]) }),
    }),
    memory,
  );
});

test("values that the inode and a block cannot hold get inodes of their own", async () => {
  const memory = new MemoryTree();
  const value = (length: number, byte: number) => Buffer.alloc(length, byte);
  const root = () =>
    directory({
      huge: memory.file("huge", { xattrs: new Map([["user.huge", value(65_536, 1)]]) }),
      many: directory(
        {},
        {
          xattrs: new Map([
            ["user.small", value(10, 2)],
            ["user.middle", value(3000, 3)],
            ["user.large", value(5000, 4)],
            ["trusted.larger", value(12_345, 5)],
            ["security.largest", value(60_000, 6)],
          ]),
        },
      ),
      dev: { ...symlink("x"), type: "fifo", xattrs: new Map([["trusted.f", value(4097, 7)]]) } as TreeNode,
      ordinary: memory.file("ordinary", { xattrs: new Map([["user.fits", value(4000, 8)]]) }),
    });
  const path = await roundTrip(root(), memory);
  const { stdout } = await run(["dumpe2fs", "-h", path]);
  assert.match(stdout, /^Filesystem features:.* ea_inode /m);
  assert.ok((await readFile(path)).equals(await readFile((await write(root(), memory)).path)));
  const names = Array.from({ length: 20 }, (_, index) => [`user.${index}${"n".repeat(230)}`, value(1, 9)] as const);
  const crowded = memory.file("", { xattrs: new Map(names) });
  await assert.rejects(write(directory({ crowded }), memory), { code: "image/unsupported", message: /\/crowded/ });
});

test("a directory of 18000 names has an index that finds every one", async () => {
  const memory = new MemoryTree();
  const names = Array.from({ length: 18_000 }, (_, index) => `some-package-file-${index}.list`);
  const root = directory({ big: directory(new Map(names.map(name => [name, memory.file("")]))) });
  const { path } = await write(root, memory);
  await checkImage(path);
  const [listing, dump] = await debugfs(path, ["ls -p /big", "htree_dump /big"]);
  const found = [...(listing as string).matchAll(/\/([^/]*)\/\d*\/\n/g)].map(match => match[1]);
  assert.deepEqual(new Set(found), new Set([".", "..", ...names]));
  assert.equal(found.length, names.length + 2);
  // Without the index e2fsck would be content, too.
  assert.match(dump as string, /Indirect levels: 0/);
});

test("e2fsprogs computes the same directory hashes, also for bytes beyond ASCII", async () => {
  const hashes = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
  const names = Array.from({ length: 300 }, (_, index) => {
    const length = (index * 7) % 255;
    return Buffer.from(createHash("shake256", { outputLength: length }).update(`${index}`).digest()).toString("latin1");
  }).map(name => `n${name}`.replace(/[\0-\x20"'/\\\x7f]/g, "\xe9"));
  const { path } = await write(directory({}), new MemoryTree());
  const answers = await debugfs(
    path,
    names.map(name => `dx_hash -h half_md4 -s 00010203-0405-0607-0809-0a0b0c0d0e0f "${name}"`),
  );
  for (const [index, name] of names.entries()) {
    const hash = /is 0x([0-9a-f]+)/.exec(answers[index] as string)?.[1];
    assert.equal(halfMd4(name, hashSeed(hashes)), Number.parseInt(hash as string, 16), JSON.stringify(name));
  }
});

test("names with equal hashes on both sides of a leaf's end", async () => {
  const memory = new MemoryTree();
  const names = collidingNames(identityFrom(seed, "").hashSeed);
  const one = memory.file("");
  const { path } = await write(directory({ d: directory(new Map(names.map(name => [name, one]))) }), memory);
  await checkImage(path);
});

test("an index of two levels", async () => {
  const memory = new MemoryTree();
  const name = (index: number) => `${index}-`.padEnd(250, "n");
  const one = memory.file("");
  const names = Array.from({ length: 9_000 }, (_, index) => name(index));
  const root = directory({ deep: directory(new Map(names.map(each => [each, one]))) });
  const { path } = await write(root, memory);
  await checkImage(path);
  const [dump] = await debugfs(path, ["htree_dump /deep"]);
  assert.match(dump as string, /Indirect levels: 1/);
});

test("names of any bytes", async () => {
  const memory = new MemoryTree();
  const odd = [
    "\x80",
    "\xff\xfe",
    "caf\xe9",
    "new\nline",
    " ",
    "a\\b",
    '"',
    "Case",
    "case",
    "\u00e9".repeat(255),
    "~".repeat(255),
  ];
  const many = Array.from({ length: 600 }, (_, index) => `\xe9\x80${index}\xff`);
  await roundTrip(
    directory({
      odd: directory(new Map(odd.map(name => [name, memory.file(name)]))),
      many: directory(new Map(many.map(name => [name, memory.file("")]))),
    }),
    memory,
  );
});

test("300 levels of directories", async () => {
  const memory = new MemoryTree();
  let node = directory({ end: memory.file("end") });
  for (let level = 0; level < 300; level++) node = directory({ d: node });
  await roundTrip(node, memory);
});

test("65000 hard links are possible, more are refused by name", async () => {
  const memory = new MemoryTree();
  const shared = memory.file("shared");
  const links = (count: number) =>
    directory(new Map(Array.from({ length: count }, (_, index) => [`l${index}`, shared])));
  const { path } = await write(directory({ links: links(65_000) }), memory);
  await checkImage(path);
  await assert.rejects(write(directory({ links: links(70_000) }), memory), {
    code: "image/unsupported",
    message: /\/links\/l0 has 70000 hard links/,
  });
});

test("a directory with 66000 subdirectories", async () => {
  const memory = new MemoryTree();
  const children = Array.from({ length: 66_000 }, (_, index): [string, TreeNode] => [`d${index}`, directory({})]);
  const { path } = await write(directory({ many: directory(new Map(children)) }), memory);
  await checkImage(path);
  const [status] = await debugfs(path, ["stat /many"]);
  assert.match(status as string, /Links: 1 /);
});

test("zero blocks and sparse entries are holes", async () => {
  const memory = new MemoryTree();
  const piece = Buffer.alloc(4096, "x");
  const holes = Buffer.alloc(64 * 4096);
  for (const index of [3, 4, 9, 20, 33, 63]) holes.fill("d", index * 4096, (index + 1) * 4096);
  const root = directory({
    holes: memory.file(holes),
    zeros: memory.file(Buffer.alloc(3 * mebibyte)),
    hole: { ...memory.file(""), size: 10 * mebibyte },
    sparse: memory.sparse(3 * mebibyte + 5, [
      [0, Buffer.from("start")],
      [4095, Buffer.from("across")],
      [2 * mebibyte, piece],
      [3 * mebibyte + 4, Buffer.from("e")],
    ]),
    fragmented: memory.sparse(
      8000 * 4096,
      Array.from({ length: 4000 }, (_, index) => [index * 2 * 4096, piece] as const),
    ),
  });
  const path = await roundTrip(root, memory);
  const [zeros, fragmented] = await debugfs(path, ["stat /zeros", "ex /fragmented"]);
  assert.match(zeros as string, /Blockcount: 0/);
  assert.match((fragmented as string).slice(0, 200), /^ 2\/ 2 /m);
});

test("a sparse file of 3 TiB", async () => {
  const memory = new MemoryTree();
  const end = 3 * 2 ** 40 - 3;
  const { path } = await write(directory({ huge: memory.sparse(3 * 2 ** 40, [[end, Buffer.from("end")]]) }), memory);
  await checkImage(path);
  const [status] = await debugfs(path, ["stat /huge"]);
  assert.match(status as string, /Size: 3298534883328/);
  assert.match(status as string, /Blockcount: 8\b/);
});

test("the feature set is one that kernels from 5.10 on mount read-write", async () => {
  const { path } = await write(directory({}), new MemoryTree(), 1024 * mebibyte);
  const { stdout } = await run(["dumpe2fs", "-h", path]);
  const value = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(stdout)?.[1];
  assert.deepEqual(
    value("Filesystem features")?.split(" ").sort(),
    "64bit dir_index dir_nlink ext_attr extent extra_isize filetype flex_bg has_journal huge_file large_file metadata_csum resize_inode sparse_super".split(
      " ",
    ),
  );
  assert.equal(value("Filesystem flags")?.trim(), "signed_directory_hash");
  assert.equal(value("Block size"), "4096");
  assert.equal(value("Inode size")?.trim(), "256");
  assert.equal(value("Flex block group size"), "16");
  assert.equal(value("Total journal size"), "32M");
  assert.equal(value("Filesystem state"), "clean");
});

test("lost+found: added with room, or the image's own kept", async () => {
  const memory = new MemoryTree();
  const added = await write(directory({ a: memory.file("a") }), memory);
  const [status] = await debugfs(added.path, ["stat /lost+found"]);
  assert.match(status as string, /Inode: 11 .*Mode: {2}0700/);
  assert.match(status as string, /Size: 16384/);

  const own = directory({ "lost+found": directory({ saved: memory.file("saved") }, { mode: 0o711 }) });
  const kept = await write(own, memory);
  await checkImage(kept.path);
  const [ownStatus, listing] = await debugfs(kept.path, ["stat /lost+found", "ls -p /lost+found"]);
  assert.match(ownStatus as string, /Inode: 11 .*Mode: {2}0711/);
  assert.match(listing as string, /\/saved\//);
});

for (const [from, to] of [
  [1024, "20G"],
  [16, "1G"],
  [300, "100G"],
] as const) {
  test(`a filesystem of ${from} MiB grows to ${to}`, async () => {
    const memory = new MemoryTree();
    const root = directory({
      data: memory.file(Buffer.alloc(2 * mebibyte, "data")),
      d: directory({ f: memory.file("f") }),
    });
    const { path } = await write(root, memory, from * mebibyte);
    await run(["truncate", "-s", to, path]);
    await run(["resize2fs", path], { timeoutMs: 300_000 });
    await checkImage(path);
    assertSameListing(await listImage(path), listTree(root, memory));
  });
}

test("sizes on both sides of every limit: journal, groups, and the largest drives", async () => {
  const memory = new MemoryTree();
  const root = directory({ data: memory.file(Buffer.alloc(mebibyte, "data")), d: directory({ f: memory.file("f") }) });
  for (const sizeMiB of [4, 7, 8, 127, 128, 129, 1024, 100 * 1024, 1024 * 1024]) {
    const { path } = await write(root, memory, sizeMiB * mebibyte);
    await checkImage(path);
    assertSameListing(await listImage(path), listTree(root, memory));
    await rm(path);
  }
});

test("the same tree gives the same bytes, whatever the order of insertion", async () => {
  const memory = new MemoryTree();
  const children: Array<[string, TreeNode]> = [
    ["one", memory.file("one")],
    ["two", directory(new Map(Array.from({ length: 500 }, (_, index) => [`entry-${index}`, memory.file(`${index}`)])))],
    [
      "three",
      memory.file("three", {
        xattrs: new Map([
          ["user.a", Buffer.from("1")],
          ["user.b", Buffer.alloc(90)],
        ]),
      }),
    ],
  ];
  const reversed = children.map(([name, node]): [string, TreeNode] => [
    name,
    node.type === "directory" ? { ...node, children: new Map([...node.children].reverse()) } : node,
  ]);
  const first = await write(directory(new Map(children)), memory);
  const second = await write(directory(new Map(reversed.reverse())), memory);
  assert.ok((await readFile(first.path)).equals(await readFile(second.path)));
  assert.equal(first.uuid, second.uuid);
});

test("content lies in the order of the archives, whatever the names are", async () => {
  const memory = new MemoryTree();
  const piece = Buffer.alloc(4096, "p");
  const holes = Buffer.concat([Buffer.alloc(8192), piece, Buffer.alloc(4096), piece]);
  const children: Array<[string, TreeNode]> = [
    ["last", memory.file("last")],
    ["large", memory.file(Buffer.alloc(3 * mebibyte + 5, "l"))],
    [
      "sparse",
      memory.sparse(
        900 * 4096,
        Array.from({ length: 400 }, (_, index) => [index * 8192, piece] as const),
      ),
    ],
    ["holes", memory.file(holes)],
    ["attributes", memory.file("attributes", { xattrs: new Map([["user.large", Buffer.alloc(3000, "v")]]) })],
    ["first", memory.file("first")],
  ];
  // The later a file was made, the earlier it stands.
  const archive: PayloadSource = {
    read: (payload, offset, into) => memory.read(payload, offset, into),
    placeOf: ({ layer }) => (children.length - layer) * 16 * mebibyte,
  };
  const path = await roundTrip(directory(new Map(children)), archive);
  const stored = children.toReversed().map(([name]) => name);
  const blocks = await debugfs(
    path,
    stored.map(name => `blocks /${name}`),
  );
  // An index of extents, which debugfs names too, lies behind all content.
  const firstOfEach = blocks.map(list => Math.min(...(list.match(/\d+/g) ?? []).map(Number)));
  assert.deepEqual(
    firstOfEach,
    firstOfEach.toSorted((a, b) => a - b),
    firstOfEach.join(),
  );
  const again = await write(directory(new Map(children.toReversed())), archive);
  assert.ok((await readFile(path)).equals(await readFile(again.path)));
});

test("what does not fit is told with both sizes before anything is written", async () => {
  const memory = new MemoryTree();
  const root = directory({ big: memory.file(Buffer.alloc(40 * mebibyte, "b")) });
  const path = join(scratch, "refused.img");
  await assert.rejects(writeExt4({ root }, memory, { path, sizeBytes: 32 * mebibyte, seed }), {
    code: "image/too-big-for-drive",
    message: /at least 4\d(\.\d)? MiB, but the drive has 32 MiB/,
  });
  await assert.rejects(stat(path), { code: "ENOENT" });
});

test("the smallest size it names is enough", async () => {
  const memory = new MemoryTree();
  const root = directory({ big: memory.file(Buffer.alloc(200 * mebibyte, "b")) });
  const problem = await write(root, memory, 100 * mebibyte).catch((error: unknown) => error);
  const [{ neededBytes }] = (problem as { details: [{ neededBytes: number }] }).details;
  const { path } = await write(root, memory, neededBytes);
  await checkImage(path);
});

test("cancelling stops between two writes", async () => {
  const memory = new MemoryTree();
  const root = directory({ big: memory.file(Buffer.alloc(64 * mebibyte, "b")) });
  const abort = new AbortController();
  const reading: PayloadSource = {
    read(payload, offset, into) {
      if (offset > 16 * mebibyte) abort.abort();
      memory.read(payload, offset, into);
    },
  };
  const path = join(scratch, "cancelled.img");
  await assert.rejects(writeExt4({ root }, reading, { path, sizeBytes: 256 * mebibyte, seed, signal: abort.signal }), {
    name: "AbortError",
  });
});

test("a payload that cannot be read fails the writer with its own error", async () => {
  const memory = new MemoryTree();
  const root = directory({ file: memory.file("content") });
  const broken: PayloadSource = {
    read() {
      throw new Error("short read");
    },
  };
  await assert.rejects(write(root, broken), /short read/);
});

const nameArbitrary = fc
  .string({
    unit: fc
      .integer({ min: 1, max: 255 })
      .filter(code => code !== 0x2f)
      .map(code => String.fromCharCode(code)),
    minLength: 1,
    maxLength: 255,
  })
  .filter(name => name !== "." && name !== ".." && name !== "lost+found");

/** Random trees: shape from fast-check, contents from small recipes so that shrinking stays quick. */
function treeArbitrary(memory: MemoryTree): fc.Arbitrary<DirectoryNode> {
  const metadata = fc.record({
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 0xffff_fffe }),
    gid: fc.integer({ min: 0, max: 0xffff_fffe }),
    mtimeSeconds: fc.integer({ min: -(2 ** 31), max: 3 * 2 ** 32 - 2 ** 31 - 1 }),
    mtimeNanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
    xattrs: fc
      .dictionary(fc.stringMatching(/^(user|trusted|security)\.[a-z]{1,40}$/), fc.uint8Array({ maxLength: 300 }), {
        maxKeys: 4,
      })
      .map(values => new Map(Object.entries(values).map(([name, value]) => [name, Buffer.from(value)]))),
  });
  const content = fc
    .tuple(fc.integer({ min: 0, max: 5 * 4096 }), fc.integer({ min: 0, max: 255 }))
    .map(([length, byte]) => Buffer.alloc(length, byte));
  const leaf: fc.Arbitrary<TreeNode> = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(content, metadata).map(([bytes, meta]) => memory.file(bytes, meta)) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.stringMatching(/^[a-z/.]{1,100}$/), metadata)
        .map(([target, meta]) => symlink(target, meta)),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom("chardev" as const, "blockdev" as const), fc.nat(4095), fc.nat(0xf_ffff))
        .map(([type, major, minor]) => device(type, major, minor)),
    },
    { weight: 1, arbitrary: fc.constant(null).map(() => fifo()) },
  );
  const { tree } = fc.letrec<{ tree: DirectoryNode; node: TreeNode }>(tie => ({
    node: fc.oneof({ depthSize: "small", withCrossShrink: true }, leaf, tie("tree")),
    tree: fc
      .tuple(
        fc.uniqueArray(fc.tuple(nameArbitrary, tie("node")), { maxLength: 60, selector: ([name]) => name }),
        metadata,
      )
      .map(([children, meta]) => directory(new Map(children), meta)),
  }));
  return tree;
}

test("random trees of random sizes are clean and complete", { timeout: 600_000 }, async () => {
  const memory = new MemoryTree();
  const sizes = fc.oneof(
    fc.constant(undefined),
    fc.integer({ min: 16, max: 10_240 }).map(value => value * mebibyte + 12_345),
  );
  const shuffled: PayloadSource = {
    read: (payload, offset, into) => memory.read(payload, offset, into),
    placeOf: ({ layer }) => ((layer * 7919) % 10_007) * 512,
  };
  await fc.assert(
    fc.asyncProperty(treeArbitrary(memory), sizes, async (root, size) => {
      const needed = requiredBytes({ root });
      const path = await roundTrip(root, shuffled, size === undefined ? undefined : Math.max(size, needed));
      await rm(path);
    }),
    { numRuns: Number(process.env["LABYARD_FUZZ_RUNS"] ?? 25) },
  );
});
