import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Problem } from "../../src/api/problems.ts";
import { readBtrfsArguments, readXfsArguments } from "../../src/build/script/mkfs-foreign-args.ts";
import { createFormatted } from "../../src/drives/format.ts";
import { requiredBytes } from "../../src/images/ext4/space.ts";
import { writeExt4 } from "../../src/images/ext4/write-ext4.ts";
import type { DirectoryNode } from "../../src/images/tree.ts";
import { filesystemBuilder } from "../../src/playground/filesystem-builder/build-filesystem.ts";
import { copyFilesystem } from "../../src/playground/filesystem-builder/copy-filesystem.ts";
import { resolvePaths } from "../../src/store/paths.ts";
import { run } from "../../src/host/process.ts";
import { debugfs, listImage, listTree } from "../fixtures/ext4-reader.ts";
import { device, directory, fifo, MemoryTree, symlink } from "../fixtures/memory-tree.ts";

/** Real machines fill the drives. What is in them is read by other machines, which copy it back to an ext4. */

const mebibyte = 2 ** 20;
const paths = resolvePaths(process.env, process.getuid?.() ?? 0);
const builder = filesystemBuilder(paths);
const uuid = "11111111-2222-4333-8444-555555555555";
let scratch: string;
let source: string;
const memory = new MemoryTree();
const root = exampleTree();

before(async () => {
  scratch = await mkdtemp(join(tmpdir(), "labyard-builder-"));
  source = join(scratch, "source.img");
  const seed = createHash("sha256").update("content").digest();
  await writeExt4({ root }, memory, { path: source, sizeBytes: requiredBytes({ root }), seed });
});
after(() => rm(scratch, { recursive: true, force: true }));

/** One of everything that a copy could lose. */
function exampleTree(): DirectoryNode {
  const capability = Buffer.from("0100000200200000000000000000000000000000", "hex");
  // user::rw-, user 1001: rw-, group::r--, mask::rw-, other::r--
  const acl = Buffer.from(
    "0200000001000600ffffffff02000600e903000004000400ffffffff10000600ffffffff20000400ffffffff",
    "hex",
  );
  const times = { mtimeSeconds: 1_234_567_890, mtimeNanoseconds: 123_456_789 };
  const shared = memory.file("two names", { uid: 7, gid: 8 });
  return directory(
    {
      sudo: memory.file("program", { mode: 0o4755, ...times }),
      ping: memory.file("program", { mode: 0o755, xattrs: new Map([["security.capability", capability]]) }),
      acl: memory.file("shared", { mode: 0o664, xattrs: new Map([["system.posix_acl_access", acl]]) }),
      "many-xattrs": memory.file("x", {
        xattrs: new Map([
          ["user.a", Buffer.from("value")],
          ["trusted.b", Buffer.from([0, 255, 1])],
          ["user.empty", Buffer.alloc(0)],
          ["security.selinux", Buffer.from("system_u:object_r:bin_t:s0\0")],
        ]),
      }),
      empty: memory.file("", { mode: 0o000, uid: 65_534, gid: 4_000_000_000 }),
      "before-1970": memory.file("old", { mtimeSeconds: -1_000_000, mtimeNanoseconds: 5 }),
      sparse: memory.sparse(40 * mebibyte, [[20 * mebibyte, randomBytes(5000)]]),
      large: memory.file(randomBytes(3 * mebibyte + 17)),
      one: shared,
      dir: directory({ "other-name": shared, deep: directory({}, { mode: 0o2750, gid: 50, ...times }) }, times),
      tmp: directory({}, { mode: 0o1777, xattrs: new Map([["user.dir", Buffer.from("yes")]]) }),
      link: symlink("../no/where", { uid: 3, gid: 4, ...times }),
      "long-link": symlink("x/".repeat(500), times),
      console: device("chardev", 5, 1),
      sda: device("blockdev", 259, 1_000),
      pipe: fifo(),
      "not utf-8 \u00ff\u00fe": memory.file("latin1 name"),
      ["n".repeat(255)]: memory.file("longest name"),
      many: directory(Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`file-${n}`, memory.file(`${n}`)]))),
    },
    { mode: 0o711, uid: 1, gid: 2, ...times },
  );
}

/** What a build script may ask of mkfs, as its reader passes it on. */
const asked = {
  xfs: readXfsArguments(["-f", "-Llab", "-i", "size=1024,sparse=0", "-m", "rmapbt=1"]).settings.args,
  btrfs: readBtrfsArguments(["-L", "lab", "--nodesize=64k", "-m", "single", "-O", "^no-holes"]).settings.args,
  ext3: [],
  ext2: [],
};

for (const filesystem of ["xfs", "btrfs", "ext3", "ext2"] as const) {
  test(`${filesystem}: whatever the tree has is on the drive, and the drive passes its check`, {
    timeout: 240_000,
  }, async () => {
    const target = join(scratch, `${filesystem}.img`);
    const sizeBytes = 512 * mebibyte;
    const signal = AbortSignal.timeout(200_000);
    const mkfsArguments = asked[filesystem];
    await builder({ source, target, filesystem, sizeBytes, uuid, mkfsArguments, keepLostAndFound: false, signal });
    await run(
      { xfs: ["xfs_repair", "-n"], btrfs: ["btrfs", "check"], ext3: ["e2fsck", "-fn"], ext2: ["e2fsck", "-fn"] }[
        filesystem
      ].concat(target),
    );
    if (filesystem === "xfs") {
      const { stdout } = await run(["xfs_db", "-r", "-c", "sb 0", "-c", "p fname inodesize uuid", target]);
      assert.equal(
        stdout,
        `fname = "lab\\000\\000\\000\\000\\000\\000\\000\\000\\000"\ninodesize = 1024\nuuid = ${uuid}\n`,
      );
    }
    if (filesystem === "btrfs") {
      const { stdout } = await run(["btrfs", "inspect-internal", "dump-super", target]);
      assert.match(stdout, /^label\s+lab$[\s\S]*^nodesize\s+65536$/m);
    }
    let image = target;
    if (filesystem === "xfs" || filesystem === "btrfs") {
      image = join(scratch, "back.img");
      await rm(image, { force: true });
      await createFormatted(image, { filesystem: "ext4", sizeBytes, uuid, signal });
      await copyFilesystem({
        paths,
        source: { path: target, filesystem },
        target: { path: image, filesystem: "ext4" },
        keepLostAndFound: true,
        signal,
      });
    }
    const found = await listImage(image);
    const wanted = listTree(root, memory);
    assert.deepEqual([...found.keys()].sort(), [...wanted.keys()].sort());
    for (const [path, text] of wanted) assert.equal(found.get(path), text, path);
    const [stat = ""] = await debugfs(image, ["stat /sparse"]);
    const bytes = Number(/Blockcount: (\d+)/.exec(stat)?.[1]) * 512;
    assert.ok(bytes > 0 && bytes < mebibyte, `holes were filled: ${bytes} bytes`);
  });
}

test("a drive that is too small is told by its name", { timeout: 300_000 }, async () => {
  const target = join(scratch, "small.img");
  const signal = AbortSignal.timeout(100_000);
  const request = {
    source,
    target,
    filesystem: "ext2",
    sizeBytes: 2 * mebibyte,
    uuid,
    keepLostAndFound: false,
  } as const;
  await assert.rejects(builder({ ...request, signal }), (error: Problem) => {
    assert.equal(error.code, "image/too-big-for-drive", error.stack);
    assert.match(error.message, /does not fit into the drive as ext2: .*No space left/);
    return true;
  });
});

test("cancelling ends the machine at once", { timeout: 300_000 }, async () => {
  const abort = new AbortController();
  const target = join(scratch, "cancelled.img");
  const request = {
    source,
    target,
    filesystem: "btrfs",
    sizeBytes: 512 * mebibyte,
    uuid,
    keepLostAndFound: false,
  } as const;
  const work = builder({ ...request, signal: abort.signal });
  const isRunning = async () => (await commandLines()).some(line => line.includes("qemu") && line.includes(target));
  const settled = work.then(
    () => undefined,
    (error: unknown) => error,
  );
  while (!(await isRunning())) await sleep(50);
  const reason = new Error("not wanted any more");
  abort.abort(reason);
  assert.equal(await settled, reason);
  assert.equal(await isRunning(), false);
});

async function commandLines(): Promise<string[]> {
  const processes = (await readdir("/proc")).filter(name => /^\d+$/.test(name));
  return Promise.all(processes.map(pid => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
}
