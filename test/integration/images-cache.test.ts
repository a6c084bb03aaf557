import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { access, mkdir, readdir, readFile, statfs, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Problem } from "../../src/api/problems.ts";
import { run } from "../../src/host/process.ts";
import { whileUsingCache } from "../../src/images/cache-use.ts";
import { readInventory } from "../../src/images/cache/inventory.ts";
import { pruneCache } from "../../src/images/cache/prune.ts";
import { ensureBaseDrive } from "../../src/images/ensure-base-drive.ts";
import {
  baseDrivesDirectory,
  blobsDirectory,
  engineStorageDirectory,
  imageRecordsDirectory,
  partialBlobsDirectory,
  type Paths,
  planFile,
  playDirectory,
  preparedFile,
  stateFile,
} from "../../src/store/paths.ts";
import { writeRecord } from "../../src/store/play-records.ts";
import { imageHome } from "../fixtures/image-home.ts";
import { bootableMembers, buildImage } from "../fixtures/oci-image.ts";
import { startScriptedRegistry } from "../fixtures/scripted-registry.ts";

const base = bootableMembers();
const numbered = (text: string) => buildImage([base, [{ name: "etc/motd", content: text.repeat(200_000) }]]);
const mebibyte = 1024 ** 2;

const drive = (paths: Paths, host: string, tag: string) =>
  ensureBaseDrive({
    paths,
    source: `oci://${host}/lab/root:${tag}`,
    sizeBytes: 64 * mebibyte,
    sizeIsExplicit: true,
    filesystem: "ext4",
    purpose: "root",
  });
const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
const drives = (paths: Paths) => readdir(baseDrivesDirectory(paths));

async function makePlay(paths: Paths, playId: string, files: { source?: string; base?: string; state?: string }) {
  await mkdir(join(playDirectory(paths, playId), "machines", "m"), { recursive: true });
  const state = files.state ?? "STOPPED";
  await writeRecord(stateFile(paths, playId), { stateEvents: [{ state, at: new Date().toISOString() }], machines: [] });
  const source = files.source === undefined ? [] : [{ source: files.source }];
  await writeRecord(planFile(paths, playId), { machines: [{ drives: source }] });
  if (files.base !== undefined) {
    await writeRecord(preparedFile(paths, playId), { machines: { m: { bases: { vda: { path: files.base } } } } });
  }
}

test("41: prune takes what a tag left behind, and keeps what plays lie on, name, or have on their drives", async () => {
  await using registry = await startScriptedRegistry(numbered("first\n"));
  await using home = await imageHome();
  const { paths } = home;
  const first = await drive(paths, registry.host, "v1");
  const ids = ["a", "b", "c", "d"].map(letter => letter.repeat(24));
  const [prepared = "", overlaid = "", naming = "", destroyed = ""] = ids;
  await makePlay(paths, prepared, { base: first.path });
  registry.script = () => false;
  await using moved = await startScriptedRegistry(numbered("second\n"));
  registry.script = ({ incoming, response }) => {
    response.writeHead(307, { location: `http://${moved.host}${incoming.url}` }).end();
    return true;
  };
  const second = await drive(paths, registry.host, "v1");
  assert.notEqual(second.path, first.path);
  const before = await readdir(blobsDirectory(paths));
  const result = await pruneCache({ paths });
  assert.ok(result.removedBlobs >= 3, JSON.stringify(result));
  assert.ok(await isThere(first.path), "a play lies on it");
  assert.ok(await isThere(second.path), "the tag means it");
  assert.ok((await readdir(blobsDirectory(paths))).length < before.length);
  assert.deepEqual(await drive(paths, registry.host, "v1"), second);

  // The drive of a play says itself what it lies on, whatever else was written.
  await makePlay(paths, overlaid, {});
  const overlay = join(playDirectory(paths, overlaid), "machines", "m", "vda.qcow2");
  await run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", first.path, "-F", "raw", overlay]);
  await makePlay(paths, prepared, { base: first.path, state: "DESTROYED" });
  await makePlay(paths, destroyed, { base: second.path, state: "DESTROYED" });
  await makePlay(paths, naming, { source: `oci://${registry.host}/lab/root:v1`, state: "CREATED" });
  const listed = await readInventory(paths);
  assert.deepEqual(listed.images[0]?.plays, [naming]);
  await pruneCache({ paths, all: true });
  assert.ok(await isThere(first.path));
  assert.ok(await isThere(second.path));
  await makePlay(paths, overlaid, { state: "DESTROYED" });
  await makePlay(paths, naming, { state: "DESTROYED" });
  assert.deepEqual((await pruneCache({ paths, all: true })).removedImages, [`${registry.host}/lab/root:v1`]);
  assert.deepEqual(await drives(paths), []);
  assert.deepEqual(await readdir(blobsDirectory(paths)), []);
  // And everything can be had again.
  assert.equal((await drive(paths, registry.host, "v1")).imageDigest, second.imageDigest);
});

test("the size limit takes what was not used for longest; shared layers stay with those who share them", async () => {
  await using home = await imageHome();
  const { paths } = home;
  await using one = await startScriptedRegistry(numbered("one\n"));
  await using two = await startScriptedRegistry(numbered("two\n"));
  await drive(paths, one.host, "v1");
  const kept = await drive(paths, two.host, "v1");
  const full = await readInventory(paths);
  // The name used first is the one that goes, whichever file it is.
  for (const name of await readdir(imageRecordsDirectory(paths))) {
    const file = join(imageRecordsDirectory(paths), name);
    const isOld = (await readFile(file, "utf8")).includes(one.host);
    const time = new Date(Date.now() - (isOld ? 7 : 1) * 3_600_000);
    await utimes(file, time, time);
  }
  const result = await pruneCache({ paths, maxBytes: full.totalBytes - 1 });
  assert.deepEqual(result.removedImages, [`${one.host}/lab/root:v1`]);
  assert.ok(result.keptBytes < full.totalBytes);
  assert.deepEqual(await drive(paths, two.host, "v1"), kept);
  const [left] = (await readInventory(paths)).images;
  assert.equal(left?.layerCount, 2);
  assert.equal(left?.missingLayerCount, 0);
});

test("an image that was only looked at, or not pulled to its end, is listed with what it lacks", async () => {
  await using home = await imageHome();
  await using registry = await startScriptedRegistry(numbered("lacking\n"), ({ url, response }) => {
    if (!url.pathname.endsWith(layer.digest)) return false;
    response.writeHead(404).end();
    return true;
  });
  const [, layer] = numbered("lacking\n").layers as [unknown, { digest: string }];
  await assert.rejects(home.pull(`oci://${registry.host}/lab/root:v1`), { code: "image/denied-or-missing" });
  const [image] = (await readInventory(home.paths)).images;
  assert.equal(image?.layerCount, 2);
  assert.ok((image?.missingLayerCount ?? 0) >= 1);
});

test("drives that an older version wrote go although their image stays, unless a play lies on them", async () => {
  await using home = await imageHome();
  const { paths } = home;
  await using registry = await startScriptedRegistry(numbered("one\n"));
  const first = await drive(paths, registry.host, "v1");
  const record = first.path.replace(/drive\.img$/, "drive.json");
  await writeFile(record, JSON.stringify({ ...JSON.parse(await readFile(record, "utf8")), version: "1" }));
  await makePlay(paths, "a".repeat(24), { base: first.path });
  assert.equal((await pruneCache({ paths })).removedDrives, 0);
  await makePlay(paths, "a".repeat(24), { base: first.path, state: "DESTROYED" });
  const { removedDrives, removedImages } = await pruneCache({ paths });
  assert.deepEqual([removedDrives, removedImages], [1, []]);
  assert.equal(await isThere(first.path), false);
});

test("41: nothing is removed while others work; what they left unfinished goes when it is old", async () => {
  await using home = await imageHome();
  const { paths } = home;
  const working = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const using = whileUsingCache(paths, () => {
    begun.resolve();
    return working.promise;
  });
  await begun.promise;
  await assert.rejects(
    pruneCache({ paths, patienceMs: 100 }),
    (error: Problem) => error instanceof Problem && error.code === "image/in-use",
  );
  working.resolve();
  await using;
  await mkdir(partialBlobsDirectory(paths), { recursive: true });
  const [young, old] = ["young.part", "old.part"].map(name => join(partialBlobsDirectory(paths), name)) as [
    string,
    string,
  ];
  await writeFile(young, "x");
  await writeFile(old, "x");
  const longAgo = new Date(Date.now() - 48 * 3_600_000);
  await utimes(old, longAgo, longAgo);
  await pruneCache({ paths });
  assert.deepEqual(await readdir(partialBlobsDirectory(paths)), ["young.part"]);
  await pruneCache({ paths, all: true });
  assert.deepEqual(await readdir(partialBlobsDirectory(paths)), []);
});

test("what builds keep for later builds is counted when it is removed, and only then", async () => {
  await using home = await imageHome();
  const { paths } = home;
  const layer = join(engineStorageDirectory(paths), "root", "vfs", "dir", "layer");
  await mkdir(layer, { recursive: true });
  await writeFile(join(layer, "file"), randomBytes(2 * mebibyte));
  const kept = await pruneCache({ paths });
  assert.deepEqual([kept.freedBytes, kept.laterBuildsBytes], [0, 0]);
  assert.ok(await isThere(join(layer, "file")));
  const pruned = await pruneCache({ paths, all: true });
  assert.ok(pruned.laterBuildsBytes >= 2 * mebibyte, `${pruned.laterBuildsBytes}`);
  assert.equal(pruned.freedBytes, pruned.laterBuildsBytes);
  assert.equal(await isThere(engineStorageDirectory(paths)), false);
  assert.equal((await pruneCache({ paths, all: true })).laterBuildsBytes, 0);
});

const onlyRoot = process.getuid?.() === 0 ? false : "only root may mount a small file system";

test("a disk without a free byte can be tidied up, and whoever pulls is told that it is full", {
  skip: onlyRoot,
}, async () => {
  await using registry = await startScriptedRegistry(numbered("full\n"));
  await using home = await imageHome();
  const directory = home.paths.home;
  const mount = (size: string, ...options: string[]) =>
    run(["mount", "-t", "tmpfs", "-o", [...options, `size=${size}`].join(","), "none", directory]);
  await mount("2g");
  try {
    await home.pull(`oci://${registry.host}/lab/root:v1`);
    await mkdir(blobsDirectory(home.paths), { recursive: true });
    const { blocks, bfree, bsize } = await statfs(directory);
    await mount(`${(blocks - bfree) * bsize}`, "remount");
    assert.equal((await statfs(directory)).bfree, 0);

    await using another = await startScriptedRegistry(numbered("more\n"));
    await assert.rejects(
      home.pull(`oci://${another.host}/lab/root:v1`),
      (error: unknown) => Problem.from(error).code === "host/disk-full",
    );
    const pruned = await pruneCache({ paths: home.paths, all: true });
    assert.equal(pruned.removedImages.length, 1);
    assert.ok(pruned.freedBytes > 900_000);
    assert.ok((await statfs(directory)).bfree > 0);
  } finally {
    await run(["umount", "--lazy", directory]);
  }
});
