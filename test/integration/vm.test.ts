import assert from "node:assert/strict";
import { readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { after, before, test } from "node:test";
import { Problem } from "../../src/api/problems.ts";
import { run } from "../../src/host/process.ts";
import type { DriveFile } from "../../src/plan/plan.ts";
import { ensureKernel, listKernels } from "../../src/vm/kernels/catalogue.ts";
import { executeKernel } from "../../src/vm/execute-kernel.ts";
import { guestDevice, type VmEvent } from "../../src/vm/machine.ts";
import { probeAcceleration } from "../../src/vm/probe.ts";
import { awaitConsole, bootTimeoutMs, ready, VmBench } from "../fixtures/vm-bench.ts";

const fixture = resolve(import.meta.dirname, "../fixtures/vm-machine.ts");
const isAlive = (pid: number) =>
  stat(`/proc/${pid}`).then(
    () => true,
    () => false,
  );
let bench: VmBench;

before(async () => void (bench = await VmBench.open()));
after(() => bench[Symbol.asyncDispose]());

test("a kernel is installed once, completely, and one that cannot be had says what can", async () => {
  const options = {
    paths: { home: join(bench.directory, "second"), runtime: "" },
    signal: AbortSignal.timeout(120_000),
  };
  const steps: string[] = [];
  const [one, two] = await Promise.all([
    ensureKernel("6.1", { ...options, onProgress: message => steps.push(message) }),
    ensureKernel("6.1", { ...options, onProgress: message => steps.push(message) }),
  ]);
  assert.deepEqual(one, two);
  assert.equal(steps.filter(step => step.startsWith("fetching")).length, 1);
  assert.deepEqual(await listKernels(options.paths), [one]);
  assert.deepEqual(await readdir(join(options.paths.home, "kernels")), ["6.1"]);
  assert.equal(one.imageFormat, "elf");
  assert.equal(one.imageDigest, bench.kernel.imageDigest);
  const modules = (file: string) => run(["debugfs", "-R", `stat ${file}`, one.modulesDrive]);
  assert.match((await modules("/modules.dep")).stdout, /User: +0 +Group: +0/);
  for (const name of ["overlayfs/overlay", "xfs/xfs", "btrfs/btrfs"]) {
    assert.match((await modules(`/kernel/fs/${name}.ko`)).stdout, /Type: regular/);
  }
  await assert.rejects(ensureKernel("4.4", options), {
    code: "kernel/unknown-version",
    hint: "Known: 5.10, 6.1, 6.12, 6.18. Installed here: 6.1.",
  });
  await withoutPackages(options.paths.home, () =>
    assert.rejects(ensureKernel("5.10", options), {
      code: "kernel/not-obtainable",
      message: /^Kernel 5\.10 is not obtainable here: .*\(installed here: 6\.1; others to ask for: 6\.12, 6\.18\)$/,
    }),
  );
  assert.deepEqual(
    (await listKernels(options.paths)).map(({ version }) => version),
    ["6.1"],
  );
});

/** Runs it where apt knows no package and cannot keep lists of Debian's archive, so that none is fetched either. */
async function withoutPackages(home: string, work: () => Promise<void>): Promise<void> {
  await writeFile(join(home, "kernels", "apt"), "");
  const config = join(bench.directory, "no-packages.conf");
  const empty = join(bench.directory, "no-packages");
  await writeFile(
    config,
    `Dir::State::lists "${empty}"; Dir::State::status "/dev/null"; Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";\n`,
  );
  const before = process.env.APT_CONFIG;
  process.env.APT_CONFIG = config;
  try {
    await work();
  } finally {
    if (before === undefined) delete process.env.APT_CONFIG;
    else process.env.APT_CONFIG = before;
  }
}

test("drives keep their order, the root grows, a reboot keeps the machine, poweroff ends it", async () => {
  const base = join(bench.directory, "base.raw");
  await run(["mke2fs", "-q", "-F", "-t", "ext4", base, "64M"]);
  const overlay = join(bench.directory, "root.qcow2");
  await run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", overlay, "256M"]);
  const drives: DriveFile[] = [
    { path: overlay, format: "qcow2", readOnly: false, backing: { path: base, format: "raw" } },
  ];
  for (let index = 1; index < 12; index += 1) {
    const path = join(bench.directory, `${index}.raw`);
    await writeFile(path, "");
    await truncate(path, index * 1024 ** 2);
    drives.push({ path, format: "raw", readOnly: index === 5 });
  }
  const script = `
for drive in /sys/block/vd*; do echo "DRIVE \${drive##*/} $(cat $drive/size) $(cat $drive/ro)"; done
mount -t ext4 /dev/vda /m && /sbin/resize2fs /dev/vda && df -k /m | tail -1
umount /m
mount -t ext4 -o ro /dev/${guestDevice(drives.length)} /m && wc -l /m/modules.dep
`;
  const spec = await bench.spec("ordered", script, { drives, modulesDrive: bench.kernel.modulesDrive, grow: true });
  await using vm = await bench.start(spec);
  const events: VmEvent[] = [];
  vm.onEvent(event => events.push(event));
  const text = await awaitConsole(vm, ready(1));
  const seen = [...text.matchAll(/^DRIVE (\w+) (\d+) (\d)/gm)].map(
    ([, name, sectors, ro]) => `${name} ${sectors} ${ro}`,
  );
  const modulesSectors = (await stat(bench.kernel.modulesDrive)).size / 512;
  assert.deepEqual(seen, [
    `vda ${256 * 2048} 0`,
    ...drives
      .slice(1)
      .map((drive, index) => `${guestDevice(index + 1)} ${(index + 1) * 2048} ${drive.readOnly ? 1 : 0}`),
    `${guestDevice(12)} ${modulesSectors} 1`,
  ]);
  const [, freeKiB] = /\/dev\/vda +(\d+)/.exec(text) ?? [];
  assert.ok(Number(freeKiB) > 200 * 1024, `the file system was not grown: ${freeKiB} KiB\n${text}`);
  assert.match(text, /^\d{3,} \/m\/modules.dep/m);

  assert.equal(vm.console.write("reboot -f\n"), true);
  await awaitConsole(vm, ready(2));
  assert.deepEqual(events, [{ kind: "reboot" }]);
  vm.console.write("poweroff -f\n");
  const exit = await vm.exited;
  assert.equal(exit.reason, "shutdown");
  assert.equal(exit.exitCode, 0);
  assert.deepEqual(events, [{ kind: "reboot" }, { kind: "shutdown" }]);
  assert.match(await readFile(join(bench.directory, "ordered.log"), "utf8"), /READY[^]*READY/);
});

test("a kernel that panics ends its machine, before and after it can tell QEMU", async () => {
  await using early = await bench.start(await bench.spec("early", undefined));
  const first = await early.exited;
  assert.equal(first.reason, "panic");
  assert.match(first.consoleLines.join("\n"), /Kernel panic - not syncing/);

  await using late = await bench.start(await bench.spec("late", ""));
  await awaitConsole(late, ready(1));
  late.console.write("echo c >/proc/sysrq-trigger\n");
  const second = await late.exited;
  assert.equal(second.reason, "panic");
  assert.match(second.consoleLines.join("\n"), /sysrq triggered crash/i);
});

test("a machine that prints without end is bounded and loses no write", async () => {
  const drive = join(bench.directory, "written.qcow2");
  await run(["qemu-img", "create", "-q", "-f", "qcow2", drive, "64M"]);
  // Past the guest's cache, and not flushed: afterwards only QEMU's own tables know where it is.
  const spec = await bench.spec(
    "endless",
    "yes precious | dd of=/dev/vda bs=512 count=1 iflag=fullblock oflag=direct\n",
    {
      drives: [{ path: drive, format: "qcow2", readOnly: false }],
    },
  );
  const log = join(bench.directory, "endless.log");
  await using vm = await bench.start(spec);
  await awaitConsole(vm, ready(1));
  vm.console.write("yes 0123456789012345678901234567890123456789012345678901234567890123456789\n");
  await delay(3000);
  const heapBefore = process.memoryUsage().rss;
  await delay(3000);
  assert.ok(process.memoryUsage().rss - heapBefore < 64 * 1024 ** 2);
  assert.ok(vm.console.tail().length <= 64 * 1024);
  const exit = await vm.kill();
  assert.equal(exit.reason, "killed");
  assert.equal(await isAlive(vm.pid), false);
  const written = join(bench.directory, "written.raw");
  await run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", drive, written]);
  assert.equal((await readFile(written)).toString("latin1", 0, 9), "precious\n");
  for (const file of [log, `${log}.1`]) {
    const size = await stat(file).then(
      found => found.size,
      () => 0,
    );
    assert.ok(size <= 768 * 1024, `${file} has ${size} bytes`);
  }
});

test("interfaces keep their order and their addresses", async () => {
  const taps = Array.from({ length: 10 }, (_, index) => ({
    tap: `m0e${index}`,
    mac: `02:00:00:00:00:${(index + 16).toString(16)}`,
  }));
  const script = 'for card in /sys/class/net/eth*; do echo "CARD ${card##*/} $(cat $card/address)"; done\n';
  const specFile = join(bench.directory, "cards.json");
  await writeFile(specFile, JSON.stringify(await bench.spec("cards", `${script}poweroff -f\n`, { taps })));
  const add = taps.map(({ tap }) => `ip tuntap add ${tap} mode tap && ip link set ${tap} up`).join(" && ");
  const { stdout } = await run(
    ["unshare", "--user", "--map-root-user", "--net", "--", "sh", "-c"].concat(
      `${add} && exec "$@"`,
      "sh",
      ...[process.execPath, fixture, specFile, join(bench.directory, "cards.log")],
    ),
    { timeoutMs: bootTimeoutMs },
  );
  const cards = [...stdout.matchAll(/^CARD (\w+) (\S+)/gm)].map(([, name, mac]) => `${name} ${mac}`);
  assert.deepEqual(
    cards,
    taps.map(({ mac }, index) => `eth${index} ${mac}`),
  );
});

test("a machine that cannot start says why in QEMU's words and leaves no process", async () => {
  const drives: DriveFile[] = [{ path: join(bench.directory, "absent.raw"), format: "raw", readOnly: false }];
  await assert.rejects(
    bench.spec("broken", "", { drives }).then(spec => bench.start(spec)),
    (error: unknown) => {
      assert.ok(error instanceof Problem);
      assert.equal(error.code, "vm/start-failed");
      assert.match(error.message, /absent\.raw.*No such file/);
      assert.deepEqual(error.where, { machine: "broken", step: "kernel" });
      return true;
    },
  );
  const { stdout } = await run(["pgrep", "-f", "guest=broken"], { allowFailure: true });
  assert.equal(stdout, "");
});

test("a kernel that does not execute is found out by the deadline, whatever its loader thinks", async () => {
  const image = join(bench.directory, "hang.elf");
  await writeFile(image, hangingKernel());
  const signal = AbortSignal.timeout(bootTimeoutMs);
  const finding = await executeKernel("tcg", { ...bench.kernel, image }, { deadlineMs: 2000, signal });
  assert.equal(finding.verdict, "does-not-execute");
  assert.match(finding.detail, /was not up after 2 s: it printed nothing/);
  assert.ok(finding.elapsedMs >= 2000);
});

test("the probe decides by execution and remembers", async () => {
  const options = { paths: bench.paths, signal: AbortSignal.timeout(2 * bootTimeoutMs) };
  const report = await probeAcceleration(options);
  assert.equal(report.acceleration, report.kvm.verdict === "ok" ? "kvm" : "tcg");
  if (report.kvm.verdict !== "ok") assert.equal(report.tcg?.verdict, "ok");
  // The times it took are part of it: a second measurement would differ.
  assert.deepEqual(await probeAcceleration(options), report);
});

/** The smallest ELF file with a PVH entry; its code jumps to itself. */
function hangingKernel(): Buffer {
  const address = 0x100000;
  const file = Buffer.alloc(0x200);
  file.write("7f454c46020101", 0, "hex");
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(62, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BigInt(address + 0x180), 24);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(2, 56);
  const header = (at: number, type: number, offset: number, size: number) => {
    file.writeUInt32LE(type, at);
    file.writeUInt32LE(7, at + 4);
    file.writeBigUInt64LE(BigInt(offset), at + 8);
    for (const field of [16, 24]) file.writeBigUInt64LE(BigInt(address + offset), at + field);
    for (const field of [32, 40]) file.writeBigUInt64LE(BigInt(size), at + field);
    file.writeBigUInt64LE(4n, at + 48);
  };
  header(64, 1, 0, 0x200);
  header(120, 4, 0x140, 20);
  file.writeUInt32LE(4, 0x140);
  file.writeUInt32LE(4, 0x144);
  file.writeUInt32LE(18, 0x148);
  file.write("Xen\0", 0x14c, "latin1");
  file.writeUInt32LE(address + 0x180, 0x150);
  file.write("ebfe", 0x180, "hex");
  return file;
}
