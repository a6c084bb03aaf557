import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { directory, MemoryTree } from "../../test/fixtures/memory-tree.ts";
import type { Problem } from "../api/problems.ts";
import type { BuildFilesystem, BuildFilesystemRequest } from "./filesystem-builder.ts";
import { requiredDriveBytes, writeDrive } from "./write-drive.ts";

const mebibyte = 2 ** 20;
const memory = new MemoryTree();
const tree = { root: directory({ file: memory.file("content") }) };
const sized = { sizeBytes: 512 * mebibyte, seed: Buffer.alloc(32, 7) };
let scratch: string;
let path: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "labyard-write-drive-"));
  path = join(scratch, "drive.img");
});
afterEach(() => rmSync(scratch, { recursive: true }));

test("a builder gets an ext4 of the tree and everything about the drive; only the drive stays", async () => {
  const requests: BuildFilesystemRequest[] = [];
  const progress: number[] = [];
  const build: BuildFilesystem = async request => {
    requests.push(request);
    assert.ok(existsSync(request.source));
    request.onProgress?.(1000);
    request.onProgress?.(2 ** 40);
    writeFileSync(request.target, "built");
  };
  await writeDrive(tree, memory, { ...sized, path, filesystem: "xfs", build, onProgress: done => progress.push(done) });
  assert.deepEqual(readdirSync(scratch), ["drive.img"]);
  const [{ source: _, onProgress: __, ...request }] = requests as [BuildFilesystemRequest];
  assert.deepEqual(request, {
    target: path,
    filesystem: "xfs",
    sizeBytes: sized.sizeBytes,
    uuid: "07070707-0707-8707-8707-070707070707",
    keepLostAndFound: false,
  });
  // What a filesystem keeps for itself is not part of the content.
  assert.equal(progress[0], 1000);
  assert.equal(progress[1], requiredDriveBytes(tree, "ext4"));
});

test("a builder is told what its mkfs shall do otherwise", async () => {
  const requests: BuildFilesystemRequest[] = [];
  const build: BuildFilesystem = async request => void requests.push(request);
  const mkfs = { uuid: "00112233-4455-6677-8899-aabbccddeeff", args: ["-L", "lab"] };
  await writeDrive(tree, memory, { ...sized, path, filesystem: "btrfs", build, mkfs });
  assert.deepEqual(
    requests.map(({ uuid, mkfsArguments }) => [uuid, mkfsArguments]),
    [[mkfs.uuid, mkfs.args]],
  );
});

test("a lost+found of the image is told from the one that every ext4 has", async () => {
  let kept: boolean | undefined;
  const build: BuildFilesystem = async ({ keepLostAndFound }) => void (kept = keepLostAndFound);
  const own = { root: directory({ "lost+found": directory({}) }) };
  await writeDrive(own, memory, { ...sized, path, filesystem: "btrfs", build });
  assert.equal(kept, true);
});

test("a builder that fails leaves no ext4 behind", async () => {
  const build: BuildFilesystem = () => Promise.reject(new Error("no machine"));
  await assert.rejects(writeDrive(tree, memory, { ...sized, path, filesystem: "xfs", build }), /no machine/);
  assert.deepEqual(readdirSync(scratch), []);
});

test("without a builder only ext4 can be made; drives below the least a filesystem takes are refused", async () => {
  const refused = (message: RegExp) => (error: Problem) => {
    assert.equal(error.code, "image/unsupported-filesystem");
    assert.match(error.message, message);
    return true;
  };
  await assert.rejects(writeDrive(tree, memory, { ...sized, path, filesystem: "xfs" }), refused(/as xfs/));
  const small = { ...sized, sizeBytes: 256 * mebibyte, path, filesystem: "xfs" as const, build: async () => {} };
  await assert.rejects(writeDrive(tree, memory, small), refused(/300 MiB, not 256 MiB/));
  await writeDrive(tree, memory, { ...sized, sizeBytes: 16 * mebibyte, path, filesystem: "ext4" });
  assert.deepEqual(readdirSync(scratch), ["drive.img"]);
  assert.ok(requiredDriveBytes(tree, "xfs") >= 300 * mebibyte);
});
