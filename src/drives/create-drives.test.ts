import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Problem } from "../api/problems.ts";
import { run } from "../host/process.ts";
import { driveUuid } from "../plan/drive-uuid.ts";
import type { DrivePlan, MachinePlan } from "../plan/plan.ts";
import { machineDirectory } from "../store/paths.ts";
import { createDrives, removeDrives } from "./create-drives.ts";
import { requireDiskSpace, startSpaceBytes } from "./disk-space.ts";
import { formatCostBytes } from "./format.ts";

const GiB = 1024 ** 3;
const playId = "0123456789abcdef01234567";
const signal = AbortSignal.timeout(60_000);
let home: string;
let base: { path: string; sizeBytes: number };

before(async () => {
  home = await mkdtemp(join(tmpdir(), "labyard-drives-"));
  base = { path: join(home, "base.raw"), sizeBytes: GiB };
  await writeFile(base.path, "");
  await truncate(base.path, GiB);
});
after(() => rm(home, { recursive: true, force: true }));

const paths = () => ({ home, runtime: join(home, "run") });
const inputs = () => ({ paths: paths(), playId, bases: { vda: base }, signal });

function machine(name: string, drives: Array<Partial<DrivePlan>>): MachinePlan {
  const complete = drives.map((drive, index) => ({
    index,
    device: `vd${String.fromCharCode(97 + index)}`,
    sizeBytes: GiB,
    sizeIsExplicit: true,
    readOnly: false,
    ...drive,
  }));
  return { name, drives: complete } as unknown as MachinePlan;
}

test("a root drive is an overlay on its base, kept with its data by the next start", async () => {
  const plan = machine("web", [{ source: "debian-12", mount: "/", sizeBytes: 3 * GiB }]);
  const { files, toGrow } = await createDrives(plan, inputs());
  assert.deepEqual(toGrow, ["vda"]);
  const path = files[0]?.path as string;
  const { stdout } = await run(["qemu-img", "info", "--output=json", path]);
  const info = JSON.parse(stdout) as Record<string, unknown>;
  assert.equal(info["virtual-size"], 3 * GiB);
  assert.equal(info["backing-filename"], base.path);
  assert.equal(info["backing-filename-format"], "raw");
  await run(["qemu-io", "-f", "qcow2", "-c", "write -P 7 4096 4096", path]);
  await createDrives(plan, inputs());
  await run(["qemu-io", "-f", "qcow2", "-c", "read -P 7 4096 4096", path]);
});

test("an overlay is never put on another base than its own", async () => {
  const plan = machine("db", [{ source: "debian-12", mount: "/" }]);
  await createDrives(plan, inputs());
  const other = { path: join(home, "other.raw"), sizeBytes: GiB };
  await assert.rejects(
    createDrives(plan, { ...inputs(), bases: { vda: other } }),
    (error: unknown) => error instanceof Problem && error.code === "drive/base-changed",
  );
});

test("an image larger than an explicit size is refused with both numbers; a default size follows the image", async () => {
  const small = { source: "debian-12", mount: "/", sizeBytes: GiB / 2 };
  await assert.rejects(createDrives(machine("a", [small]), inputs()), /536870912 bytes.*1073741824/);
  const { files, toGrow } = await createDrives(machine("b", [{ ...small, sizeIsExplicit: false }]), inputs());
  assert.deepEqual(toGrow, []);
  const { stdout } = await run(["qemu-img", "info", "--output=json", files[0]?.path as string]);
  assert.equal((JSON.parse(stdout) as Record<string, unknown>)["virtual-size"], GiB);
});

test("empty drives are sparse, formatted as asked, belong to root and have a UUID known beforehand", async () => {
  const filesystems = [undefined, "ext4", "ext3", "ext2", "xfs", "btrfs"] as const;
  const plan = machine(
    "data",
    filesystems.map(filesystem => (filesystem ? { filesystem } : {})),
  );
  const { files } = await createDrives(plan, { ...inputs(), bases: {} });
  for (const [index, filesystem] of filesystems.entries()) {
    const file = files[index];
    assert.ok(file);
    assert.ok((await stat(file.path)).blocks * 512 < 150 * 1024 ** 2, `${filesystem} takes too much space`);
    if (filesystem === undefined) {
      assert.equal(file.format, "qcow2");
      continue;
    }
    assert.equal((await stat(file.path)).size, GiB);
    const { stdout } = await run(["blkid", "--probe", "--output", "export", file.path]);
    assert.match(stdout, new RegExp(`^TYPE=${filesystem}$`, "m"));
    assert.match(stdout, new RegExp(`^UUID=${driveUuid(playId, "data", `vd${"abcdef"[index]}`)}$`, "m"));
  }
});

test("removal leaves nothing, also of a drive that was being made", async () => {
  const plan = machine("gone", [{ source: "debian-12", mount: "/" }, { filesystem: "ext4" }]);
  const { files } = await createDrives(plan, inputs());
  await writeFile(`${files[1]?.path}.tmp`, "half");
  await removeDrives(plan, inputs());
  await removeDrives(plan, inputs());
  assert.deepEqual(await readdir(machineDirectory(paths(), playId, "gone")), []);
});

test("the room that file systems take is known before they are made, and asked for once", async () => {
  const filesystems = ["ext2", "ext3", "ext4", "xfs", "btrfs"] as const;
  const plan = machine(
    "room",
    filesystems.map(filesystem => ({ filesystem, sizeBytes: 3 * GiB })),
  );
  const bare = await startSpaceBytes([{ name: "room", drives: [] }], inputs());
  const before = await startSpaceBytes([plan], inputs());
  const { files } = await createDrives(plan, inputs());
  const taken = await Promise.all(files.map(async ({ path }) => (await stat(path)).blocks * 512));
  for (const [index, filesystem] of filesystems.entries()) {
    const costBytes = formatCostBytes(filesystem, 3 * GiB);
    assert.ok((taken[index] ?? 0) <= costBytes, `${filesystem} took ${taken[index]} bytes, not ${costBytes}`);
  }
  assert.equal(
    before - bare,
    filesystems.reduce((sum, each) => sum + formatCostBytes(each, 3 * GiB), 0),
  );
  assert.equal(await startSpaceBytes([plan], inputs()), bare);
});

test("too little disk space is told with both numbers", async () => {
  await requireDiskSpace(home, 1024);
  await assert.rejects(requireDiskSpace(home, 2 ** 60), (error: unknown) => {
    assert.ok(error instanceof Problem);
    assert.equal(error.code, "drive/no-space");
    assert.match(error.message, /\d+ MiB free, 1099511627776 MiB are needed/);
    return true;
  });
});
