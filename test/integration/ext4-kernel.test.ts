import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { run, startChild } from "../../src/host/process.ts";
import { identityFrom } from "../../src/images/ext4/identity.ts";
import { writeExt4 } from "../../src/images/ext4/write-ext4.ts";
import type { DirectoryNode, TreeNode } from "../../src/images/tree.ts";
import { resolvePaths } from "../../src/store/paths.ts";
import { ensureProgramArchive } from "../../src/vm/kernels/initramfs.ts";
import type { Vm } from "../../src/vm/machine.ts";
import { collidingNames } from "../fixtures/colliding-names.ts";
import { checkImage, debugfs, listImage, listTree } from "../fixtures/ext4-reader.ts";
import { directory, MemoryTree } from "../fixtures/memory-tree.ts";
import { patient } from "../fixtures/patience.ts";
import { awaitConsole, ready, VmBench } from "../fixtures/vm-bench.ts";

// What a kernel does with the file systems that we write, and whether e2fsck still agrees afterwards. One machine with a
// drive for each test; a first one, with the first of the drives, is killed while it writes.

const fixture = resolve(import.meta.dirname, "../fixtures/vm-machine.ts");
const exercises = resolve(import.meta.dirname, "../fixtures/ext4-exercises.sh");
const mebibyte = 2 ** 20;
const stepMs = patient(300_000);
const seed = createHash("sha256").update("content").digest();
const memory = new MemoryTree();
const pattern = Buffer.from(Array.from({ length: 5 * mebibyte }, (_, index) => (index * 7 + (index >>> 12)) & 0xff));
const packages = stems(18_000, "some-package-file-");

const kept = directory({ pattern: memory.file(pattern), deep: directory({ er: memory.file("deeper") }) });
const grown = directory({
  data: memory.file(Buffer.alloc(2 * mebibyte, "data")),
  d: directory({ f: memory.file("f") }),
});
/** Names before and names that are added, without the end that all have. */
const changes = {
  flat: { all: packages, added: stems(4_000, "added-"), ending: ".list" },
  // So many and so long that the index has two levels.
  deep: { all: stems(8_000), added: stems(2_000, "added-"), ending: "n".repeat(245) },
  // Where signed and unsigned characters have different hashes.
  bytes: { all: stems(3_000, "\xe9\xff"), added: stems(500, "\xff\xe9"), ending: "caf\xe9" },
  // Some of equal hash.
  alike: { all: collidingNames(identityFrom(seed, "").hashSeed) as string[], added: stems(1_500, "\xe9"), ending: "" },
};
const attributes = new Map([
  ["user.large", Buffer.alloc(65_536, 1)],
  ["trusted.middle", Buffer.alloc(5_000, 2)],
  ["user.block", Buffer.alloc(1_500, 3)],
  ["user.small", Buffer.from("small")],
]);

let bench: VmBench;
let vm: Vm;
let paths: Record<"killed" | "filled" | "grown" | "changed", string>;
let answers = 0;

before(async () => {
  bench = await VmBench.open(resolvePaths(process.env, process.getuid?.() ?? 0));
  const many = directory(emptyFiles(packages.map(name => `${name}.list`)));
  const [inFourGroups, inodeCount] = [420 * mebibyte, 6_000];
  paths = {
    killed: await write("killed", directory({ many }), 256 * mebibyte),
    filled: await write("filled", directory({ kept }), inFourGroups, inodeCount),
    grown: await write("grown", grown, 64 * mebibyte),
    changed: await write("changed", directoriesToChange(), 256 * mebibyte),
  };
  await truncate(paths.grown, 100 * 2 ** 30);
});
after(async () => {
  await vm?.[Symbol.asyncDispose]();
  await bench?.[Symbol.asyncDispose]();
});

async function write(name: string, root: DirectoryNode, sizeBytes: number, inodeCount?: number) {
  const path = join(bench.directory, `${name}.img`);
  await writeExt4({ root }, memory, { path, sizeBytes, seed, ...(inodeCount === undefined ? {} : { inodeCount }) });
  return path;
}

function stems(count: number, prefix = ""): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

function emptyFiles(names: readonly string[]): Map<string, TreeNode> {
  return new Map(names.map(name => [name, memory.file("")]));
}

/** Of the names before, those that are removed. */
const isOld = (_name: string, index: number) => index % 3 === 0;
const isNotOld = (name: string, index: number) => !isOld(name, index);

function directoriesToChange(): DirectoryNode {
  const text = (lines: readonly string[]) =>
    memory.file(Buffer.from(lines.map(line => `${line}\n`).join(""), "latin1"));
  const children = Object.entries(changes).map(([name, { all, ending }]) => {
    return [name, directory(emptyFiles(all.map(stem => `${stem}${ending}`)))] as const;
  });
  const lists = Object.entries(changes).flatMap(([name, { all, added, ending }]) => [
    [`${name}-ending`, text([ending])] as const,
    [`${name}-all`, text(all)] as const,
    [`${name}-new`, text(added)] as const,
    [`${name}-old`, text(all.filter(isOld))] as const,
    [`${name}-rest`, text(all.filter(isNotOld))] as const,
  ]);
  return directory({
    ...Object.fromEntries(children),
    lists: directory(Object.fromEntries(lists)),
    attributes: directory({ file: memory.file("", { xattrs: attributes }) }),
  });
}

/** A slow host makes the kernel complain of much that is not the file system's fault. */
const isNoise = (line: string) => line === "" || (/^\[ *\d+\.\d+\]/.test(line) && !/EXT4|JBD2/.test(line));

/** Lets the machine do one of the exercises; its answer, line by line. */
async function ask(command: string): Promise<string[]> {
  const number = ++answers;
  vm.console.write(`answer ${number} ${command}\n`);
  const text = await awaitConsole(vm, said => new RegExp(`^end \\d+ of ${number}\r?$`, "m").test(said), stepMs);
  const said = text.split(/\r?\n/).filter(line => !isNoise(line));
  const begin = said.indexOf(`answer ${number} ${command}`);
  assert.ok(begin >= 0, `it said too much: ${text.slice(0, 2000)}`);
  assert.equal(said.at(-1), `end 0 of ${number}`, text);
  return said.slice(begin + 1, -1);
}

const isAlive = (pid: number) =>
  stat(`/proc/${pid}`).then(
    () => true,
    () => false,
  );

test("a machine dies in mid-write, with the process that started it: what was synced is there at the next mount", {
  timeout: patient(600_000),
}, async () => {
  const functions = await readFile(exercises, "utf8");
  const drive = (path: string) => ({ path, format: "raw" as const, readOnly: false });
  const drives = [paths.killed, paths.filled, paths.grown, paths.changed].map(drive);
  const first = await bench.spec("killed", `${functions}\nwrite_until_killed\n`, { drives: drives.slice(0, 1) });
  const specFile = join(bench.directory, "killed.json");
  await writeFile(specFile, JSON.stringify(first));
  const child = await startChild([process.execPath, fixture, specFile, join(bench.directory, "killed.log")]);
  let synced = 0;
  try {
    let pid = 0;
    const output = child.process.stdout as Readable;
    for await (const line of createInterface({ input: output, signal: AbortSignal.timeout(stepMs) })) {
      pid ||= Number(/^pid (\d+)/.exec(line)?.[1] ?? 0);
      synced = Number(/^synced (\d+)\r?$/.exec(line)?.[1] ?? synced);
      if (synced === 40) break;
    }
    output.resume();
    assert.equal(synced, 40, "the machine ended, or did not get so far in time");
    assert.ok(await isAlive(pid));
    process.kill(child.pid, "SIGKILL");
    await child.exited;
    for (let waited = 0; (await isAlive(pid)) && waited < stepMs; waited += 50) await sleep(50);
    assert.equal(await isAlive(pid), false, "the machine outlived its owner");
  } finally {
    await child.stop(0);
  }
  assert.match((await run(["dumpe2fs", "-h", paths.killed])).stdout, /^Filesystem features:.* needs_recovery /m);

  const cp = { path: "copy/cp", names: ["gnucp", "cp"], package: "coreutils" };
  const copy = await ensureProgramArchive(bench.directory, "copy", [cp]);
  const second = await bench.spec("exercised", functions, { drives, grow: true, archives: [copy] });
  vm = await bench.start(second);
  await awaitConsole(vm, ready(1), stepMs);
  assert.deepEqual(await ask(`look_after_the_kill ${synced}`), ["EXT4-fs (vda): recovery complete"]);
  await checkImage(paths.killed);
  const [content] = await debugfs(paths.killed, ["cat /after"]);
  assert.equal(content, "after\n");
});

test("every block and every inode can be used, and is free again when its file is gone", {
  timeout: patient(600_000),
}, async () => {
  const said = await ask("fill_up");
  const numbers = (word: string) =>
    said.filter(line => line.startsWith(`${word} `)).map(line => line.match(/\d+/g)?.map(Number));
  const [[freeBlocks = 0, freeInodes = 0] = [], after] = numbers("free");
  assert.ok(freeBlocks > 95_000 && freeInodes > 5_900, said.join("\n"));
  assert.deepEqual(numbers("files"), [[freeInodes]], said.join("\n"));
  const [leftBlocks = freeBlocks, leftInodes] = after ?? [];
  assert.ok(leftBlocks < freeBlocks / 100, said.join("\n"));
  assert.equal(leftInodes, 0);
  assert.equal(said.filter(line => /No space left on device$/.test(line)).length, 3, said.join("\n"));
  await checkImage(paths.filled);
  const large = join(bench.directory, "large");
  const [, small] = await debugfs(paths.filled, [`dump /large ${large}`, `cat /small/${freeInodes - 1}`]);
  assert.equal(small, `${freeInodes - 1}\n`);
  const written = await readFile(large);
  assert.ok(written.length > 0.98 * (freeBlocks - freeInodes) * 4096, `${written.length} bytes`);
  for (let at = 0; at < written.length; at += pattern.length) {
    const part = written.subarray(at, at + pattern.length);
    assert.ok(part.equals(pattern.subarray(0, part.length)), `what was written at ${at} is not there`);
  }

  // With the inode of the large file, which was there already when the first were counted.
  assert.deepEqual(await ask("empty_and_use_again"), [`free ${freeBlocks} ${freeInodes + 1}`]);
  await checkImage(paths.filled);
  const found = await listImage(paths.filled);
  const again = [...found.keys()].filter(path => path.startsWith("/again/"));
  assert.equal(again.length, 301);
  const isKept = ([path]: readonly [string, string]) => path.startsWith("/kept");
  const wanted = listTree(directory({ kept }), memory);
  assert.deepEqual(new Map([...found].filter(isKept)), new Map([...wanted].filter(isKept)));
});

test("a file system of 64 MiB grows to 100 GiB while it is mounted", { timeout: patient(600_000) }, async () => {
  const said = await ask("grow");
  const [, freeBlocks] = /^free (\d+) /.exec(said.at(-1) ?? "") ?? [];
  assert.ok(Number(freeBlocks) * 4096 > 98 * 2 ** 30, said.join("\n"));
  await checkImage(paths.grown);
  assert.ok((await stat(paths.grown)).blocks * 512 < 2 ** 30, "the drive is not sparse any more");
  const found = await listImage(paths.grown);
  const wanted = listTree(grown, memory);
  for (const [path, line] of wanted) if (path !== "") assert.equal(found.get(path), line, path);
  const content = (path: string) => /\["content","(\w+)"\]/.exec(found.get(path) ?? "")?.[1];
  for (let index = 1; index <= 100; index++) assert.equal(content(`/new-${index}/data`), content("/data"));
});

test("directories with an index take and lose thousands of names", { timeout: patient(600_000) }, async () => {
  assert.deepEqual(await ask("change_directories"), []);
  await checkImage(paths.changed);
  const [flat, deep] = await debugfs(paths.changed, ["htree_dump /flat", "htree_dump /deep"]);
  assert.match(flat as string, /Indirect levels: 0/);
  assert.match(deep as string, /Indirect levels: 1/);
  const names = Object.keys(changes) as Array<keyof typeof changes>;
  const listings = await debugfs(
    paths.changed,
    names.map(name => `ls -p /${name}`),
  );
  for (const [index, name] of names.entries()) {
    const found = [...(listings[index] as string).matchAll(/\/([^/]+)\/\d*\/\n/g)].map(match => match[1] as string);
    const { all, added, ending } = changes[name];
    const wanted = (name === "alike" ? all : [...all.filter(isNotOld), ...added]).map(stem => `${stem}${ending}`);
    assert.deepEqual(found.sort(), [".", "..", ...wanted].sort());
  }
  for (const [name, value] of attributes) {
    const file = join(bench.directory, name);
    await debugfs(paths.changed, [`ea_get -f ${file} /attributes/copy ${name}`]);
    assert.ok((await readFile(file)).equals(value), name);
  }
});
