import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { amd64Program } from "../../test/fixtures/elf.ts";
import { device, directory, MemoryTree, symlink } from "../../test/fixtures/memory-tree.ts";
import { type BootFinding, type BootReport, checkBootability } from "./bootability.ts";
import { checkSpace } from "./bootability/space.ts";
import type { DirectoryNode, TreeNode } from "./tree.ts";

/** Builds an image by paths; nodes come from the same memory, so a change is one line. */
const memory = new MemoryTree();
type Files = Record<string, TreeNode | string | undefined>;

function build(files: Files): DirectoryNode {
  const root = directory({});
  for (const [path, content] of Object.entries(files)) {
    if (content === undefined) continue;
    const parts = path.split("/");
    const name = parts.pop() as string;
    let parent = root;
    for (const part of parts) {
      const known = parent.children.get(part);
      const next = known?.type === "directory" ? known : directory({});
      parent.children.set(part, next);
      parent = next;
    }
    parent.children.set(name, typeof content === "string" ? memory.file(content) : content);
  }
  return root;
}

const program = (options: Parameters<typeof amd64Program>[0] = {}, mode = 0o755) =>
  memory.file(amd64Program(options), { mode });
const masked = symlink("/dev/null");

/** A machine of no particular distribution: nothing to complain about, not even an info. */
const plain: Files = {
  "sbin/init": program(),
  "sbin/modprobe": program(),
  "usr/sbin/sshd": program(),
  "usr/sbin/NetworkManager": program(),
  "bin/sh": program(),
  "usr/bin/sudo": program({}, 0o4755),
  "etc/passwd": "root:x:0:0::/root:/bin/sh\nsshd:x:74:74::/run/sshd:/x\nann:x:1000:1000::/home/ann:/bin/sh\n",
  "etc/group": "root:x:0:\nann:x:1000:\n",
  "etc/shells": "# shells\n/bin/sh\n",
  "etc/os-release": "ID=unheard-of\n",
  "etc/ssl/certs/ca-certificates.crt": "x",
  root: directory({}),
  "home/ann": directory({}, { uid: 1000, gid: 1000 }),
  tmp: directory({}, { mode: 0o1777 }),
};

const units = "usr/lib/systemd/system";
const systemd: Files = {
  ...plain,
  "sbin/init": symlink("../usr/lib/systemd/systemd"),
  "usr/lib/systemd/systemd": program(),
  "usr/bin/dbus-daemon": program(),
  ...Object.fromEntries(
    [
      "systemd-udevd.service",
      "systemd-udev-trigger.service",
      "systemd-remount-fs.service",
      "systemd-tmpfiles-setup.service",
      "systemd-tmpfiles-setup-dev.service",
      "systemd-journald.service",
      "systemd-logind.service",
      "dbus.service",
      "getty.target",
      "serial-getty@.service",
      "multi-user.target",
      "graphical.target",
      "rescue.target",
      "ssh.service",
      "apt-daily.timer",
      "cloud-init.service",
    ].map(name => [`${units}/${name}`, "[Unit]\n"]),
  ),
  [`${units}/default.target`]: symlink("graphical.target"),
  [`${units}/sysinit.target.wants/systemd-udev-trigger.service`]: symlink("../systemd-udev-trigger.service"),
  [`${units}/sysinit.target.wants/systemd-tmpfiles-setup.service`]: symlink("../systemd-tmpfiles-setup.service"),
  [`${units}/multi-user.target.wants/getty.target`]: symlink("../getty.target"),
  "etc/systemd/system/multi-user.target.wants/ssh.service": symlink(`/${units}/ssh.service`),
};

const alpine: Files = {
  ...plain,
  "etc/os-release": 'ID=alpine\nPRETTY_NAME="Alpine"\n',
  "sbin/init": symlink("/bin/busybox"),
  "bin/busybox": program(),
  "sbin/mdev": symlink("/bin/busybox"),
  "usr/bin/sudo": undefined,
  "bin/su": symlink("/bin/busybox"),
  "etc/inittab": "::sysinit:/sbin/openrc sysinit\nttyS0::respawn:/sbin/getty -L ttyS0 115200 vt100\n",
  "etc/runlevels/sysinit/devfs": symlink("/etc/init.d/devfs"),
  "etc/runlevels/sysinit/sysfs": symlink("/etc/init.d/sysfs"),
  "etc/runlevels/default/sshd": symlink("/etc/init.d/sshd"),
};

const check = (files: Files): BootReport => checkBootability({ root: build(files) }, memory);
const findings = (files: Files): BootFinding[] => check(files).findings;
const summary = (files: Files) => findings(files).map(({ severity, code }) => `${severity} ${code}`);

/** The one finding of an image that is `base` but for the change. */
function only(base: Files, change: Files): BootFinding {
  const found = findings({ ...base, ...change });
  assert.equal(found.length, 1, JSON.stringify(found, undefined, 1));
  const [finding] = found as [BootFinding];
  assert.ok(finding.path.startsWith("/"), finding.path);
  assert.notEqual(finding.fix, "");
  return finding;
}

/** Each row: the image, what makes it worse, the finding and its proof, and the nearest change that is harmless. */
interface Row {
  base?: Files;
  bad: Files;
  finding: string;
  path?: string;
  says?: RegExp;
  fix?: RegExp;
  good?: Files;
}

function rows(title: string, all: readonly Row[]): void {
  test(title, () => {
    for (const { base = plain, bad, finding, path, says, fix, good } of all) {
      const found = only(base, bad);
      assert.equal(`${found.severity} ${found.code}`, finding);
      if (path !== undefined) assert.equal(found.path, path);
      if (says !== undefined) assert.match(found.message, says);
      if (fix !== undefined) assert.match(found.fix, fix);
      if (good !== undefined) assert.deepEqual(findings({ ...base, ...good }), [], finding);
    }
  });
}

test("images without faults have no findings, and their init is known", () => {
  assert.deepEqual(check(plain), { findings: [], initKind: "other" });
  assert.deepEqual(check(systemd), { findings: [], initKind: "systemd" });
  assert.deepEqual(check(alpine), { findings: [], initKind: "openrc" });
  assert.equal(
    check({ ...alpine, "etc/inittab": "::sysinit:/etc/rc\n::respawn:/sbin/getty ttyS0\n" }).initKind,
    "busybox",
  );
  assert.equal(
    check({ ...plain, "sbin/init": symlink("openrc-init"), "sbin/openrc-init": program() }).initKind,
    "openrc",
  );
  assert.equal(check({ ...plain, "sbin/init": symlink("runit-init"), "sbin/runit-init": program() }).initKind, "runit");
});

test("an image for containers has one finding, whatever else it lacks", () => {
  const found = only({ "bin/sh": program(), "etc/os-release": "ID=wolfi\n" }, {});
  assert.equal(found.code, "boot/no-init");
  assert.match(found.message, /also lacks sshd and a root account/);
  assert.equal(check({}).initKind, undefined);
});

test("each distribution gets its own words", () => {
  const lines = {
    "ID=debian": /^RUN apt-get update && apt-get install -y systemd systemd-sysv udev .*openssh-server/,
    "ID=ubuntu\nID_LIKE=debian": /apt-get/,
    'ID="linuxmint"\nID_LIKE="ubuntu debian"': /apt-get/,
    "ID=alpine": /^RUN apk add openrc .*openssh/,
    'ID="rhel"': /^RUN dnf install -y systemd/,
    'ID="rocky"\nID_LIKE="rhel centos fedora"': /dnf/,
    "ID=arch": /^RUN pacman -Sy --noconfirm systemd systemd-sysvcompat/,
    'ID="opensuse-leap"\nID_LIKE="suse opensuse"': /^RUN zypper --non-interactive install systemd systemd-sysvinit/,
    "ID=gentoo": /^RUN apt-get .*# Alpine: apk add/,
  };
  for (const [release, line] of Object.entries(lines)) {
    assert.match(only({ "etc/os-release": `${release}\n` }, {}).fix, line, release);
  }
});

const interpreter = { "lib64/ld.so": program() };
const dynamic = (needed: string[], searchPath?: string) =>
  program({ interpreter: "/lib64/ld.so", needed, ...(searchPath === undefined ? {} : { searchPath }) });

rows("programs: what the kernel and the loader would refuse", [
  { bad: { "sbin/init": symlink("/nowhere") }, finding: "error boot/no-init", path: "/sbin/init" },
  { bad: { "sbin/init": program({}, 0o644) }, finding: "error boot/init-not-runnable", says: /not executable/ },
  {
    bad: { "sbin/init": program({ machine: 183 }) },
    finding: "error boot/init-not-runnable",
    says: /not built for amd64/,
    fix: /--platform linux\/amd64/,
  },
  {
    bad: { "sbin/init": memory.file("", { mode: 0o755 }) },
    finding: "error boot/init-not-runnable",
    says: /no program|not a program/,
  },
  { bad: { "sbin/init": directory({}) }, finding: "error boot/init-not-runnable", says: /is not a file/ },
  {
    bad: { "sbin/init": program({ interpreter: "/lib/ld-musl-x86_64.so.1" }) },
    finding: "error boot/init-not-runnable",
    says: /needs the loader \/lib\/ld-musl/,
    good: { "sbin/init": dynamic([]), ...interpreter },
  },
  {
    bad: { "sbin/init": memory.file("#!/bin/bash\n", { mode: 0o755 }) },
    finding: "error boot/init-not-runnable",
    says: /needs \/bin\/bash/,
    good: { "sbin/init": memory.file("#! /bin/sh -e\n", { mode: 0o755 }) },
  },
  { bad: { "sbin/init": symlink("/bin/sh") }, finding: "warning boot/init-is-a-shell", path: "/bin/sh" },
  {
    bad: { "usr/sbin/sshd": dynamic(["libcrypto.so.3"]), ...interpreter },
    finding: "warning boot/no-sshd",
    says: /needs libcrypto.so.3/,
    good: { "usr/sbin/sshd": dynamic(["libcrypto.so.3"]), ...interpreter, "usr/lib/libcrypto.so.3": program() },
  },
  {
    bad: { "bin/sh": dynamic(["liba.so"]), ...interpreter, "lib/liba.so": program({ needed: ["libb.so"] }) },
    finding: "error boot/no-sh",
    says: /needs libb.so \(for \/lib\/liba.so\)/,
    good: {
      "bin/sh": dynamic(["liba.so"], "/opt/x:$ORIGIN/../priv"),
      ...interpreter,
      "priv/liba.so": program({ needed: ["libb.so"] }),
      "etc/ld.so.conf": "include /etc/ld.so.conf.d/*.conf\n",
      "etc/ld.so.conf.d/own.conf": "/opt/libs\n",
      "opt/libs/libb.so": program(),
    },
  },
  {
    bad: { "bin/sh": dynamic(["liba.so"]), ...interpreter, "lib/liba.so": program({ machine: 183 }) },
    finding: "error boot/no-sh",
    says: /no library for amd64/,
  },
  { bad: { "usr/sbin/sshd": undefined }, finding: "warning boot/no-sshd", path: "/usr/sbin/sshd" },
  {
    bad: { "sbin/modprobe": undefined },
    finding: "warning boot/no-kmod",
    good: { "sbin/modprobe": undefined, "usr/bin/modprobe": program() },
  },
  {
    base: systemd,
    bad: { "usr/bin/dbus-daemon": undefined },
    finding: "warning boot/no-dbus",
    good: { "usr/bin/dbus-daemon": undefined, "usr/bin/dbus-broker": program() },
  },
  { base: alpine, bad: { "sbin/mdev": undefined }, finding: "warning boot/no-udev", fix: /apk add eudev/ },
]);

test("musl finds its libraries in its own places", () => {
  const loader = "/lib/ld-musl-x86_64.so.1";
  const shell = program({ interpreter: loader, needed: ["libc.musl-x86_64.so.1", "libz.so.1"] });
  const base = { ...plain, "bin/sh": shell, "lib/ld-musl-x86_64.so.1": program() };
  assert.equal(only(base, {}).code, "boot/no-sh");
  assert.deepEqual(findings({ ...base, "usr/local/lib/libz.so.1": program() }), []);
  const moved = { ...base, "usr/local/lib/libz.so.1": program(), "etc/ld-musl-x86_64.path": "/lib\n/opt/lib\n" };
  assert.equal(only(moved, {}).code, "boot/no-sh");
});

rows("systemd: units that are masked, missing or cut off", [
  {
    base: systemd,
    bad: { "etc/systemd/system/systemd-udevd.service": masked },
    finding: "warning boot/masked-unit",
    path: "/etc/systemd/system/systemd-udevd.service",
    fix: /systemctl unmask systemd-udevd.service/,
    good: { "etc/systemd/system/systemd-udevd.service": "[Service]\n" },
  },
  {
    base: systemd,
    bad: { "etc/systemd/system/systemd-logind.service": memory.file("") },
    finding: "warning boot/masked-unit",
    good: { "etc/systemd/system/systemd-hwdb-update.service": masked },
  },
  {
    base: systemd,
    bad: { [`${units}/getty.target`]: masked },
    finding: "warning boot/masked-unit",
    path: `/${units}/getty.target`,
  },
  {
    base: systemd,
    bad: { [`${units}/systemd-udevd.service`]: undefined },
    finding: "warning boot/missing-unit",
    path: `/${units}/systemd-udevd.service`,
  },
  {
    base: systemd,
    bad: { [`${units}/dbus.service`]: undefined },
    finding: "warning boot/missing-unit",
    good: { [`${units}/dbus.service`]: undefined, [`${units}/dbus-broker.service`]: "[Unit]\n" },
  },
  {
    base: systemd,
    bad: { [`${units}/multi-user.target.wants/getty.target`]: undefined },
    finding: "warning boot/unit-not-started",
    says: /nothing starts getty.target/,
    good: {
      [`${units}/multi-user.target.wants/getty.target`]: undefined,
      "etc/systemd/system/multi-user.target.wants/getty.target": symlink(`/${units}/getty.target`),
    },
  },
  {
    base: systemd,
    bad: { [`${units}/default.target`]: undefined },
    finding: "warning boot/default-target",
    says: /does not exist/,
  },
  {
    base: systemd,
    bad: { "etc/systemd/system/default.target": symlink("/gone.target") },
    finding: "warning boot/default-target",
    says: /leads nowhere/,
  },
  {
    base: systemd,
    bad: { "etc/systemd/system/default.target": symlink(`/${units}/rescue.target`) },
    finding: "warning boot/default-target",
    says: /rescue.target/,
    good: { "etc/systemd/system/default.target": symlink(`/${units}/multi-user.target`) },
  },
  {
    base: systemd,
    bad: { "etc/systemd/system/timers.target.wants/apt-daily.timer": symlink(`/${units}/apt-daily.timer`) },
    finding: "info boot/background-work",
    good: {
      "etc/systemd/system/timers.target.wants/apt-daily.timer": symlink(`/${units}/apt-daily.timer`),
      "etc/systemd/system/apt-daily.timer": masked,
    },
  },
]);

rows("OpenRC and consoles", [
  {
    base: alpine,
    bad: { "etc/inittab": "::sysinit:/sbin/openrc sysinit\n#ttyS0::respawn:/sbin/getty\n" },
    finding: "warning boot/no-console-login",
    path: "/etc/inittab",
  },
  {
    base: alpine,
    bad: { "etc/rc.conf": 'rc_sys="docker"\n' },
    finding: "warning boot/openrc-container",
    good: { "etc/rc.conf": '#rc_sys="docker"\nrc_sys=""\n' },
  },
  {
    base: alpine,
    bad: { "etc/runlevels/sysinit/devfs": undefined },
    finding: "warning boot/openrc-services",
    fix: /rc-update add devfs sysinit/,
  },
  {
    base: alpine,
    bad: { "etc/runlevels/default/sshd": undefined },
    finding: "warning boot/sshd-not-enabled",
    fix: /rc-update add sshd default/,
  },
  { bad: { "etc/securetty": "tty1\n" }, finding: "info boot/securetty", good: { "etc/securetty": "ttyS0\n" } },
]);

rows("directories, collisions and mounts", [
  {
    bad: { run: symlink("/var/run") },
    finding: "error boot/mount-point",
    path: "/run",
    says: /a link to \/var\/run/,
    good: { run: directory({}) },
  },
  { bad: { proc: "x" }, finding: "error boot/mount-point", says: /is a file/ },
  {
    bad: { var: symlink("../../outside") },
    finding: "error boot/mount-point",
    path: "/var",
    good: { var: symlink("/data"), "data/lib": directory({}) },
  },
  {
    bad: { tmp: directory({}) },
    finding: "warning boot/tmp-mode",
    says: /mode 0755/,
    good: { tmp: symlink("var/tmp"), "var/tmp": directory({}, { mode: 0o1777 }) },
  },
  {
    bad: { "etc/hosts": directory({}) },
    finding: "error boot/collision",
    path: "/etc/hosts",
    good: { "etc/hosts": symlink("/usr/hosts") },
  },
  { bad: { "etc/machine-id": device("chardev", 1, 3) }, finding: "error boot/collision" },
  { bad: { "etc/ssh": "x" }, finding: "error boot/collision", says: /into a directory/ },
  {
    bad: { "var/lib/labyard/seed": "digest" },
    finding: "warning boot/machine-record",
    good: { "var/lib/other/seed": "x" },
  },
  {
    bad: { "etc/fstab": "# static\nUUID=abc /data ext4 defaults 0 2\n" },
    finding: "warning boot/fstab-waits",
    says: /waits 90 s for UUID=abc/,
    good: {
      "etc/fstab":
        "UUID=abc /data ext4 defaults,nofail 0 2\ntmpfs /x tmpfs size=1m 0 0\n/dev/sdb1 /y ext4 noauto 0 0\n",
    },
  },
  { bad: { "etc/fstab": "/dev/sda5 none swap sw 0 0\n" }, finding: "warning boot/fstab-waits" },
  {
    bad: { "etc/fstab": "LABEL=root / ext4 ro 0 1\n" },
    finding: "warning boot/fstab-read-only",
    good: { "etc/fstab": "LABEL=root / ext4 errors=remount-ro 0 1\n" },
  },
]);

const ids = { hex: `${"a1".repeat(16)}\n` };
rows("identity: what machines of one image would share", [
  {
    bad: { "etc/os-release": undefined },
    finding: "warning boot/unknown-distribution",
    good: { "etc/os-release": undefined, "usr/lib/os-release": "ID=x\n" },
  },
  { bad: { ".dockerenv": "" }, finding: "info boot/container-marker", path: "/.dockerenv" },
  { bad: { "run/.containerenv": "" }, finding: "info boot/container-marker" },
  { bad: { "etc/machine-id": ids.hex }, finding: "info boot/shared-machine-id", good: { "etc/machine-id": "\n" } },
  {
    bad: { "etc/machine-id": ids.hex },
    finding: "info boot/shared-machine-id",
    good: { "etc/machine-id": "uninitialized\n" },
  },
  {
    bad: { "var/lib/dbus/machine-id": ids.hex },
    finding: "warning boot/shared-dbus-id",
    good: { "var/lib/dbus/machine-id": symlink("/etc/machine-id") },
  },
  {
    bad: { "etc/ssh/ssh_host_rsa_key": "x", "etc/ssh/ssh_host_ed25519_key": "x" },
    finding: "warning boot/shared-host-keys",
    path: "/etc/ssh/ssh_host_rsa_key",
    good: { "etc/ssh/ssh_host_rsa_key.pub": "x" },
  },
  { bad: { "etc/ssh/ssh_host_ed25519_key": "x" }, finding: "info boot/shared-host-keys" },
  {
    bad: { "etc/resolv.conf": symlink("../run/systemd/resolve/stub-resolv.conf") },
    finding: "info boot/resolver",
    good: { "etc/resolv.conf": "nameserver 10.0.0.1\n" },
  },
  { bad: { "etc/resolv.conf": "nameserver 127.0.0.11\n" }, finding: "info boot/resolver" },
]);

const shadow = (password: string) => ({ "etc/shadow": `root:*:1::::::\nann:${password}:1::::::\n` });
const pam = {
  "usr/sbin/sshd": dynamic(["libpam.so.0"]),
  ...interpreter,
  "lib64/libpam.so.0": program(),
  "etc/ssh/sshd_config": "UsePAM yes\n",
};
rows("accounts: who can log in", [
  { bad: { "etc/passwd": undefined }, finding: "error boot/no-root-account" },
  {
    bad: { "etc/passwd": "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n" },
    finding: "info boot/no-sshd-user",
    path: "/etc/passwd",
  },
  {
    bad: { "etc/shells": "/bin/bash\n/bin/sh\n", "etc/passwd": "root:x:0:0::/root:/bin/zsh\nsshd:x:74:74::/:/x\n" },
    finding: "warning boot/no-shell",
    path: "/bin/zsh",
  },
  {
    bad: { "etc/shells": "/bin/bash\n", "etc/passwd": "root:x:0:0::/root:/bin/sh\nsshd:x:74:74::/:/x\n" },
    finding: "info boot/shell-not-listed",
    path: "/etc/shells",
  },
  { bad: { "etc/group": "root:x:0:\n" }, finding: "warning boot/no-group", says: /ann, 1000/ },
  { bad: { "home/ann": undefined }, finding: "info boot/no-home" },
  { bad: { "home/ann": directory({}) }, finding: "warning boot/home-permissions", says: /belongs to user 0/ },
  {
    bad: { "home/ann": directory({}, { uid: 1000, mode: 0o775 }) },
    finding: "warning boot/home-permissions",
    says: /others may write/,
    good: { "home/ann": directory({}, { uid: 1000, mode: 0o2755 }) },
  },
  {
    bad: { "home/ann/.ssh": directory({}, { uid: 1000, mode: 0o777 }) },
    finding: "warning boot/home-permissions",
    path: "/home/ann/.ssh",
    says: /others may write to \/home\/ann\/\.ssh/,
    good: { "home/ann/.ssh": directory({}, { uid: 1000, mode: 0o700 }) },
  },
  {
    bad: { "home/ann/.ssh/authorized_keys": memory.file("ssh-ed25519 x", { mode: 0o600, uid: 1234 }) },
    finding: "warning boot/home-permissions",
    path: "/home/ann/.ssh/authorized_keys",
    says: /belongs to user 1234/,
    good: { "home/ann/.ssh/authorized_keys": memory.file("ssh-ed25519 x", { mode: 0o644, uid: 1000 }) },
  },
  { bad: shadow("!"), finding: "info boot/locked-account", says: /password of ann is locked/, good: shadow("*") },
  { bad: { "etc/nologin": "later\n" }, finding: "warning boot/nologin" },
  {
    bad: { "etc/nsswitch.conf": "passwd: sss\n" },
    finding: "warning boot/nsswitch",
    good: { "etc/nsswitch.conf": "passwd: files systemd\n" },
  },
]);

test("a locked password does not matter to an sshd that asks PAM", () => {
  assert.deepEqual(findings({ ...plain, ...pam, ...shadow("!"), "etc/pam.d/sshd": "" }), []);
});

rows("sshd: the service on port 22", [
  {
    base: systemd,
    bad: { "etc/systemd/system/multi-user.target.wants/ssh.service": undefined },
    finding: "warning boot/sshd-not-enabled",
    says: /nothing starts/,
    good: {
      "etc/systemd/system/multi-user.target.wants/ssh.service": undefined,
      "etc/systemd/system/sockets.target.wants/ssh.socket": symlink(`/${units}/ssh.socket`),
    },
  },
  {
    base: systemd,
    bad: { "etc/systemd/system/ssh.service": masked },
    finding: "warning boot/sshd-not-enabled",
    says: /is masked/,
  },
  {
    bad: { "etc/ssh/sshd_config": "PasswordAuthentication\n" },
    finding: "warning boot/sshd-config",
    says: /passwordauthentication/,
    good: {
      "etc/ssh/sshd_config": "# Port\nPort 22\nHostKey /etc/ssh/ssh_host_rsa_key\nSubsystem sftp internal-sftp\n",
    },
  },
  {
    bad: { "etc/ssh/sshd_config": "HostKey /etc/keys/mine\n" },
    finding: "warning boot/sshd-config",
    says: /\/etc\/keys\/mine/,
    good: { "etc/ssh/sshd_config": "HostKey /etc/keys/mine\n", "etc/keys/mine": "x" },
  },
  {
    bad: {
      "etc/ssh/sshd_config": "Include sshd_config.d/*.conf\n",
      "etc/ssh/sshd_config.d/10.conf": "AllowUsers bob\n",
    },
    finding: "info boot/sshd-restricted",
    path: "/etc/ssh/sshd_config.d/10.conf",
    good: { "etc/ssh/sshd_config": "PermitRootLogin prohibit-password\nMatch Group x\n  AllowUsers bob\n" },
  },
  {
    bad: pam,
    finding: "warning boot/pam",
    path: "/etc/pam.d/sshd",
    good: { ...pam, "etc/ssh/sshd_config": "UsePAM no\n" },
  },
  {
    bad: {
      ...pam,
      "etc/pam.d/sshd": "@include common-auth\n",
      "etc/pam.d/common-auth": "auth [success=1 default=ignore] pam_unix.so nullok\n",
    },
    finding: "warning boot/pam",
    says: /lacks pam_unix.so/,
    good: {
      ...pam,
      "etc/pam.d/sshd": "@include common-auth\n-session optional pam_absent.so\nauth include common-auth\n",
      "etc/pam.d/common-auth": "auth [success=1 default=ignore] pam_unix.so nullok\n",
      "lib64/security/pam_unix.so": program(),
    },
  },
  {
    bad: { ...pam, "etc/pam.d/sshd": "auth include system-auth\n" },
    finding: "warning boot/pam",
    says: /the rules system-auth/,
  },
]);

const label = new Map([["security.selinux", Buffer.from("system_u:object_r:passwd_file_t:s0\0")]]);
rows("traces of the build", [
  {
    bad: { "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n" },
    finding: "warning boot/policy-rc.d",
    good: { "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 0\n" },
  },
  {
    bad: { "usr/bin/sudo": program() },
    finding: "warning boot/lost-set-uid",
    path: "/usr/bin/sudo",
    fix: /chmod u\+s \/usr\/bin\/sudo/,
  },
  {
    bad: { "usr/bin/sudo": memory.file("x", { mode: 0o4755, uid: 1000 }) },
    finding: "warning boot/lost-set-uid",
    good: {
      "usr/bin/sudo": memory.file("x", { mode: 0o755, xattrs: new Map([["security.capability", Buffer.alloc(20)]]) }),
    },
  },
  {
    bad: { "usr/bin/newuidmap": program() },
    finding: "warning boot/lost-set-uid",
    path: "/usr/bin/newuidmap",
    good: { "usr/bin/newuidmap": memory.file("x", { mode: 0o4755 }) },
  },
  {
    bad: { "usr/bin/ping": program() },
    finding: "warning boot/lost-set-uid",
    path: "/usr/bin/ping",
    good: {
      "usr/bin/ping": program(),
      "usr/lib/sysctl.d/50-default.conf": "-net.ipv4.ping_group_range = 0 2147483647\n",
    },
  },
  {
    bad: { "etc/selinux/config": "SELINUX=enforcing\n" },
    finding: "warning boot/selinux-unlabeled",
    good: { "etc/selinux/config": "SELINUX=permissive\n" },
  },
  { bad: { "usr/sbin/NetworkManager": undefined }, finding: "info boot/no-network-manager" },
  {
    base: systemd,
    bad: { "usr/bin/cloud-init": "x", "etc/systemd/system/cloud-init.target.wants/cloud-init.service": symlink("x") },
    finding: "warning boot/cloud-init",
    good: {
      "usr/bin/cloud-init": "x",
      "etc/systemd/system/cloud-init.target.wants/cloud-init.service": symlink("x"),
      "etc/cloud/cloud-init.disabled": "",
    },
  },
  { bad: { "etc/apt/apt.conf.d/docker-clean": "x" }, finding: "info boot/trimmed" },
  {
    bad: { "etc/ssl/certs/ca-certificates.crt": undefined },
    finding: "info boot/no-certificates",
    good: { "etc/ssl/certs/ca-certificates.crt": undefined, "etc/ssl/cert.pem": "x" },
  },
  {
    bad: { "lib/modules/6.8.0-1-generic/modules.dep": "" },
    finding: "info boot/own-kernel",
    says: /6\.8\.0-1-generic/,
  },
  { bad: { "boot/vmlinuz-6.8": "x" }, finding: "info boot/own-kernel", good: { "boot/grub/grub.cfg": "x" } },
]);

test("accounts of packages may lie below /usr, and the search path of a program holds for its libraries", () => {
  const passwd = "root:x:0:0::/root:/bin/sh\n";
  const base = { ...plain, "etc/passwd": passwd, "usr/lib/passwd": "bin:x:1:1::/:/x\nsshd:x:74:74::/:/x\n" };
  assert.deepEqual(findings(base), []);
  const libraries = {
    ...interpreter,
    "bin/sh": dynamic(["liba.so"], "/own"),
    "own/liba.so": program({ needed: ["libb.so"] }),
    "own/libb.so": program(),
  };
  assert.deepEqual(findings({ ...base, ...libraries }), []);
});

test("a cloud-init that looks for its cloud first is only worth an info", () => {
  const change = {
    "usr/bin/cloud-init": "x",
    "usr/lib/cloud-init/ds-identify": "x",
    "etc/systemd/system/cloud-init.target.wants/cloud-init-local.service": symlink("x"),
  };
  const found = only(systemd, change);
  assert.equal(`${found.severity} ${found.code}`, "info boot/cloud-init");
});

test("a /tmp that is none is only a warning: a machine boots with it", () => {
  const found = only(plain, { tmp: symlink("/nowhere") });
  assert.equal(`${found.severity} ${found.code} ${found.path}`, "warning boot/mount-point /tmp");
});

test("labelled files satisfy SELinux", () => {
  const passwd = memory.file(plain["etc/passwd"] as string, { xattrs: label });
  assert.deepEqual(findings({ ...plain, "etc/selinux/config": "SELINUX=enforcing\n", "etc/passwd": passwd }), []);
});

test("errors come first, then warnings", () => {
  const several = { ...plain, ".dockerenv": "", "sbin/modprobe": undefined, "bin/sh": undefined };
  const codes = summary(several);
  assert.equal(codes[0], "error boot/no-sh");
  assert.equal(codes.at(-1), "info boot/container-marker");
  assert.ok(codes.includes("warning boot/no-kmod"));
});

test("little room on the drive is a warning, enough is none", () => {
  const gibibyte = 1024 ** 3;
  assert.deepEqual(checkSpace(2 * gibibyte, 2 * gibibyte), []);
  const [finding] = checkSpace(2.5 * gibibyte, 2 * gibibyte) as [BootFinding];
  assert.equal(`${finding.severity} ${finding.code}`, "warning boot/little-space");
  assert.match(finding.fix, /at least 3GiB/);
});

test("programs that lie about themselves end in a finding, not in an exception or much memory", () => {
  const whole = amd64Program({ interpreter: "/lib64/ld.so", needed: ["liba.so"], searchPath: "/x" });
  for (let length = 0; length <= whole.length; length += 7) {
    findings({ ...plain, "sbin/init": memory.file(whole.subarray(0, length), { mode: 0o755 }) });
  }
  for (let at = 16; at < whole.length; at++) {
    const bytes = Buffer.from(whole);
    bytes.fill(0xff, at, Math.min(at + 8, bytes.length));
    findings({ ...plain, ...interpreter, "sbin/init": memory.file(bytes, { mode: 0o755 }) });
  }
});

test("every finding is explained in the reference, and nothing else is", async () => {
  const checks = new URL("bootability/", import.meta.url);
  const sources = await Promise.all((await readdir(checks)).map(name => readFile(new URL(name, checks), "utf8")));
  const made = sources.flatMap(source => [...source.matchAll(/code: "(boot\/[^"]+)"/g)].map(([, code]) => code));
  const page = await readFile(new URL("../../docs/reference/bootability.md", import.meta.url), "utf8");
  const told = [...page.matchAll(/^\| `(boot\/[^`]+)`/gm)].map(([, code]) => code);
  assert.equal(new Set(told).size, told.length);
  assert.deepEqual(new Set(told), new Set(made));
});
