import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bootableMembers } from "../../test/fixtures/oci-image.ts";
import { tarArchive, type TarMember } from "../../test/fixtures/tar-archive.ts";
import { parseGroup, parsePasswd } from "./accounts.ts";
import { type BootReport, checkBootability } from "./bootability.ts";
import { checkUsers } from "./check-users.ts";
import { mergeLayers } from "./layers/merge-layers.ts";

async function check(members: readonly TarMember[]): Promise<BootReport> {
  const directory = mkdtempSync(join(tmpdir(), "labyard-boot-"));
  try {
    writeFileSync(join(directory, "layer.tar"), tarArchive(members));
    using merged = await mergeLayers([{ path: join(directory, "layer.tar"), label: "layer 1" }]);
    return checkBootability(merged.tree, merged.payloads);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const codes = async (members: readonly TarMember[]) =>
  (await check(members)).findings.map(({ severity, code }) => `${severity} ${code}`);
const good = bootableMembers();
const without = (name: string) => good.filter(member => member.name !== name);
const replaced = (member: TarMember) => [...without(member.name), member];

function elf(options: { machine?: number; interpreter?: string }): Buffer {
  const bytes = Buffer.alloc(256);
  bytes.write("\x7fELF\x02\x01\x01", 0, "latin1");
  bytes.writeUInt16LE(options.machine ?? 62, 18);
  if (options.interpreter !== undefined) {
    bytes.writeBigUInt64LE(64n, 32);
    bytes.writeUInt16LE(56, 54);
    bytes.writeUInt16LE(1, 56);
    bytes.writeUInt32LE(3, 64);
    bytes.writeBigUInt64LE(130n, 72);
    bytes.writeBigUInt64LE(BigInt(options.interpreter.length + 1), 96);
    bytes.write(options.interpreter, 130, "latin1");
  }
  return bytes;
}

test("an image with init, sshd and accounts has no findings", async () => {
  const report = await check(good);
  assert.deepEqual(report, { findings: [], initKind: "other" });
});

test("init: missing, dangling, not executable, of another processor, without its loader or interpreter", async () => {
  const path = "sbin/init";
  assert.deepEqual(await codes(without(path)), ["error boot/no-init"]);
  assert.deepEqual(await codes(replaced({ name: path, type: "2", linkName: "/nowhere" })), ["error boot/no-init"]);
  const faults: TarMember[] = [
    { name: path, content: elf({}), mode: 0o644 },
    { name: path, content: elf({ machine: 183 }), mode: 0o755 },
    { name: path, content: elf({ interpreter: "/lib/ld-musl-x86_64.so.1" }), mode: 0o755 },
    { name: path, content: "#!/bin/bash\n", mode: 0o755 },
    { name: path, content: "", mode: 0o755 },
    { name: "sbin/init/", mode: 0o755 },
  ];
  for (const fault of faults) {
    const members = [...without(path), fault];
    assert.deepEqual(await codes(members), ["error boot/init-not-runnable"], JSON.stringify(fault.name));
  }
  const loader = { name: "lib64/ld.so", content: "x" };
  const fine = replaced({ name: path, content: elf({ interpreter: "/lib64/ld.so" }), mode: 0o755 });
  assert.deepEqual(await codes([...fine, loader]), []);
});

test("the kind of init is read through links inside the root", async () => {
  const kindOf = async (target: string) => {
    const report = await check([
      ...without("sbin/init"),
      { name: "sbin/init", type: "2", linkName: target },
      { name: "usr/lib/systemd/systemd", content: elf({}), mode: 0o755 },
      { name: "bin/busybox", content: elf({}), mode: 0o755 },
    ]);
    return report.initKind;
  };
  assert.equal(await kindOf("/lib/../usr/lib/systemd/systemd"), undefined);
  assert.equal(await kindOf("../../../usr/lib/systemd/systemd"), "systemd");
  assert.equal(await kindOf("/bin/busybox"), "busybox");
});

test("sshd, root account, shells, groups", async () => {
  assert.deepEqual(await codes(without("usr/sbin/sshd")), ["error boot/no-sshd"]);
  assert.deepEqual(await codes(without("etc/passwd")), ["error boot/no-root-account"]);
  const passwd = "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/zsh\n";
  assert.deepEqual(await codes(replaced({ name: "etc/passwd", content: passwd })), [
    "warning boot/no-shell",
    "warning boot/no-group",
  ]);
});

test("container markers, a baked machine id, masked units, an unknown distribution", async () => {
  assert.deepEqual(await codes([...good, { name: ".dockerenv" }]), ["warning boot/container-marker"]);
  assert.deepEqual(await codes([...good, { name: "etc/machine-id", content: `${"a".repeat(32)}\n` }]), [
    "info boot/shared-machine-id",
  ]);
  assert.deepEqual(await codes([...good, { name: "etc/machine-id" }]), []);
  assert.deepEqual(await codes(without("etc/os-release")), ["warning boot/unknown-distribution"]);
  const systemd: TarMember[] = [
    ...without("sbin/init"),
    { name: "sbin/init", type: "2", linkName: "/usr/lib/systemd/systemd" },
    { name: "usr/lib/systemd/systemd", content: elf({}), mode: 0o755 },
    { name: "usr/lib/systemd/system/systemd-remount-fs.service" },
    { name: "usr/lib/systemd/system/systemd-udevd.service" },
    { name: "etc/systemd/system/systemd-udevd.service", type: "2", linkName: "/dev/null" },
  ];
  assert.deepEqual(await codes(systemd), ["warning boot/masked-unit", "warning boot/missing-unit"]);
});

test("passwd and group are read as the C library reads them", () => {
  const passwd =
    "root:x:0:0:root:/root:\n#x:x:1:1::/:/x\n\nbroken:x:1\nann:x:1000:1000:A:/home/ann:/bin/bash\nann:x:5:5::/:/x\n+::::::\n";
  assert.deepEqual(parsePasswd(passwd), [
    { name: "root", uid: 0, gid: 0, home: "/root", shell: "/bin/sh" },
    { name: "ann", uid: 1000, gid: 1000, home: "/home/ann", shell: "/bin/bash" },
  ]);
  assert.deepEqual(parseGroup("wheel:x:10:ann,bob\nempty:x:11:\nbad:x:y:\n"), [
    { name: "wheel", gid: 10, members: ["ann", "bob"] },
    { name: "empty", gid: 11, members: [] },
  ]);
});

test("users, owners and groups that the image lacks are all reported, with those it has", () => {
  const drive = {
    reference: "oci://h.example/x:v1",
    users: parsePasswd("root:x:0:0::/root:/bin/sh\nsshd:x:100:1::/:/x\nubuntu:x:1000:1000::/home/ubuntu:/bin/bash"),
    groups: parseGroup("root:x:0:\nubuntu:x:1000:"),
  };
  const file = { path: "/f", content: "", append: false };
  const machine = {
    name: "dev",
    users: [{ name: "root" }, { name: "laborant" }],
    startupFiles: [
      { ...file, owner: "ubuntu:ubuntu" },
      { ...file, owner: "1001:1001" },
      { ...file, owner: "ann:staff" },
      file,
    ],
  };
  const problems = checkUsers(machine, drive);
  assert.deepEqual(
    problems.map(problem => [problem.message, problem.where?.path]),
    [
      ['user "laborant" does not exist in oci://h.example/x:v1 (it has: root, ubuntu)', "users[1].name"],
      ['user "ann" does not exist in oci://h.example/x:v1 (it has: root, ubuntu)', "startupFiles[2].owner"],
      ['group "staff" does not exist in oci://h.example/x:v1 (it has: root, ubuntu)', "startupFiles[2].owner"],
    ],
  );
  assert.ok(problems.every(problem => problem.code === "machine/user-not-in-image"));
});
