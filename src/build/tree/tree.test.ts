import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { device, directory, fifo, MemoryTree, symlink } from "../../../test/fixtures/memory-tree.ts";
import { mergeLayers } from "../../images/layers/merge-layers.ts";
import type { DirectoryNode, Tree } from "../../images/tree.ts";
import { lookUp, walk } from "../../images/tree-paths.ts";
import { vfatLosses } from "../output/vfat.ts";
import { overlayDirectory, overlayFile } from "./apply-overlay.ts";
import { clampTimes } from "./clamp-times.ts";
import { contentDigest } from "./content-digest.ts";
import { selectExport } from "./select-export.ts";
import { tarChunks } from "./write-tar.ts";

const memory = new MemoryTree();
const nobody = { mode: undefined, uid: undefined, gid: undefined };

function pathsOf(tree: Tree): string[] {
  const paths: string[] = [];
  walk(tree, (path, node) => paths.push(node.type === "directory" ? `${path}/` : path));
  return paths.slice(1);
}

function container(): Tree {
  const shared = memory.file("shared");
  return {
    root: directory({
      bin: symlink("usr/bin"),
      usr: directory({
        bin: directory({ sudo: memory.file("s", { mode: 0o4755 }), sh: shared }),
        lib: directory({ same: shared }, { mode: 0o750, gid: 5 }),
      }),
      etc: directory({ passwd: memory.file("root"), "resolv.conf": symlink("../run/stub") }),
      tmp: directory({ junk: memory.file("x") }, { mode: 0o1777 }),
      dev: directory({ null: device("chardev", 1, 3), pipe: fifo() }),
    }),
  };
}

const nothing = { include: [], create: [] };

test("B4, B14: lists are worked off in a fixed order; links stay links; parents are implied with their own modes", () => {
  const tree = selectExport(container(), {
    directories: { include: ["/usr/lib", "/bin", "dev"], create: ["/tmp", "/proc"] },
    files: { include: ["/usr/bin/sh", "/bin/sudo"], create: ["/etc/empty", "/etc/passwd"] },
  });
  assert.deepEqual(pathsOf(tree), [
    "/bin",
    "/dev/",
    "/dev/null",
    "/dev/pipe",
    "/etc/",
    "/etc/empty",
    "/etc/passwd",
    "/proc/",
    "/tmp/",
    "/usr/",
    "/usr/bin/",
    "/usr/bin/sh",
    "/usr/bin/sudo",
    "/usr/lib/",
    "/usr/lib/same",
  ]);
  assert.equal(lookUp(tree, "/usr/lib/same")?.node, lookUp(tree, "/usr/bin/sh")?.node);
  assert.equal(lookUp(tree, "/usr/bin/sudo")?.node.mode, 0o4755);
  assert.equal(lookUp(tree, "/tmp")?.node.mode, 0o1777);
  assert.deepEqual([lookUp(tree, "/usr/lib")?.node.mode, lookUp(tree, "/usr/lib")?.node.gid], [0o750, 5]);
  const created = lookUp(tree, "/etc/passwd")?.node;
  assert.equal(created?.type === "file" && created.size, 0);
});

test("everything that the container lacks is named", () => {
  const lists = {
    directories: { include: ["/nope", "/etc/passwd"], create: [] },
    files: { include: ["/usr"], create: [] },
  };
  assert.throws(() => selectExport(container(), lists), {
    details: ["/nope does not exist", "/etc/passwd is a file, not a directory", "/usr is a directory, not a file"],
  });
});

test("the root can be included as a whole", () => {
  const all = selectExport(container(), { directories: { include: ["/"], create: [] }, files: nothing });
  assert.deepEqual(pathsOf(all), pathsOf(container()));
});

test("B5, B6: an overlay replaces what is there, a link and a directory too", () => {
  const tree = container();
  overlayFile(tree, "/etc/resolv.conf", memory.file("dns"), nobody);
  overlayFile(tree, "tmp", memory.file("now a file"), nobody);
  overlayFile(tree, "/bin/new/tool", memory.file("t"), { mode: 0o4711, uid: 7, gid: 8 });
  assert.equal(lookUp(tree, "/etc/resolv.conf", { followLast: false })?.node.type, "file");
  assert.equal(lookUp(tree, "/tmp")?.node.type, "file");
  const tool = lookUp(tree, "/usr/bin/new/tool")?.node;
  assert.deepEqual([tool?.mode, tool?.uid, tool?.gid], [0o4711, 7, 8]);
});

test("B15: the content of a directory overlay goes into the destination; links stay, directories merge", () => {
  const tree = container();
  const content = directory({
    bin: directory({ extra: memory.file("e", { uid: 3 }) }, { mode: 0o700 }),
    etc: directory({ passwd: memory.file("new"), alias: symlink("passwd") }, { mode: 0o700 }),
    opt: directory({}, { mode: 0o711 }),
  });
  overlayDirectory(tree, "/", content, nobody);
  assert.equal(lookUp(tree, "/bin", { followLast: false })?.node.type, "symlink");
  assert.equal(lookUp(tree, "/usr/bin/extra")?.node.uid, 3);
  assert.equal(lookUp(tree, "/etc")?.node.mode, 0o755);
  assert.equal(lookUp(tree, "/opt")?.node.mode, 0o711);
  assert.equal(lookUp(tree, "/etc/alias")?.path, "/etc/passwd");
  overlayDirectory(tree, "/srv/x", content, { mode: 0o750, uid: 9, gid: undefined });
  assert.deepEqual([lookUp(tree, "/srv/x")?.node.mode, lookUp(tree, "/srv/x/bin/extra")?.node.uid], [0o750, 9]);
  assert.deepEqual([lookUp(tree, "/srv")?.node.mode, lookUp(tree, "/srv")?.node.uid], [0o755, 0]);
});

test("links that run in circles end an overlay, not the program", () => {
  const tree: Tree = { root: directory({ a: symlink("b"), b: symlink("a") }) };
  assert.throws(() => overlayFile(tree, "/a/x", memory.file(""), nobody), { code: "build/bad-value" });
});

test("B2, B3: an archive of a tree reads back as the same tree", async () => {
  const linked = memory.file("two names");
  const long = "n".repeat(120);
  const tree: Tree = {
    root: directory(
      {
        [long]: directory({ [`${long}2`]: memory.file("deep") }),
        su: memory.file("s", { mode: 0o6755, uid: 3_000_000, gid: 2 ** 32 - 2 }),
        ping: memory.file("p", { xattrs: new Map([["security.capability", Buffer.from([1, 0, 10, 61, 2])]]) }),
        one: linked,
        two: linked,
        link: symlink("x".repeat(200)),
        tty: device("chardev", 5, 1),
        disk: device("blockdev", 259, 300),
        pipe: fifo(),
        old: memory.file("o", { mtimeSeconds: -3, mtimeNanoseconds: 250_000_000 }),
        late: memory.file("l", { mtimeSeconds: 5_000_000_000, mtimeNanoseconds: 1 }),
        "\xff\xfe": memory.file("bytes"),
        holes: memory.sparse(100_000, [[50_000, Buffer.from("middle")]]),
        big: memory.file(Buffer.alloc(3 * 2 ** 20, 7)),
        empty: memory.file(""),
      },
      { mode: 0o1755 },
    ),
  };
  const work = mkdtempSync(join(tmpdir(), "labyard-tar-"));
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of tarChunks(tree, memory)) chunks.push(chunk);
    writeFileSync(join(work, "t.tar"), Buffer.concat(chunks));
    using merged = await mergeLayers([{ path: join(work, "t.tar"), label: "t" }]);
    const [before, after] = [await contentDigest(tree, memory), await contentDigest(merged.tree, merged.payloads)];
    assert.deepEqual(pathsOf(merged.tree), pathsOf(tree));
    assert.equal(after.toString("hex"), before.toString("hex"));
    (merged.tree.root.children.get("ping") as { uid: number }).uid = 1;
    assert.notDeepEqual(await contentDigest(merged.tree, merged.payloads), before);
  } finally {
    rmSync(work, { recursive: true });
  }
});

test("B16: times of the build are cut to the time of its image", () => {
  const tree = container();
  (tree.root.children.get("etc") as DirectoryNode).mtimeSeconds = 2_000_000_000;
  clampTimes(tree, 1_700_000_000);
  assert.deepEqual(
    [lookUp(tree, "/etc")?.node.mtimeSeconds, lookUp(tree, "/usr")?.node.mtimeSeconds],
    [1_700_000_000, 1_600_000_000],
  );
});

test("what FAT cannot hold is listed; what it can is not", () => {
  assert.deepEqual(vfatLosses({ root: directory({ boot: directory({ "a.cfg": memory.file("x") }) }) }), []);
  const twice = memory.file("x");
  const tree: Tree = {
    root: directory({
      a: memory.file("x"),
      twin: twice,
      twins: twice,
      A: memory.file("y"),
      "c:d": memory.file(""),
      l: symlink("a"),
      m: memory.file("", { mode: 0o600 }),
      o: memory.file("", { uid: 1 }),
      x: memory.file("", { xattrs: new Map([["user.x", Buffer.from("1")]]) }),
    }),
  };
  assert.deepEqual(
    vfatLosses(tree).map(loss => loss.message),
    [
      "/a differs from /A by case only",
      "/c:d has a name that FAT cannot hold",
      "/l is a symlink",
      "/m has the mode 0600",
      "/o belongs to 1:0",
      "/twins is a hard link and became a file of its own",
      "/x has extended attributes: user.x",
    ],
  );
});
