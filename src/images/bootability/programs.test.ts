import assert from "node:assert/strict";
import { test } from "node:test";
import { amd64Program } from "../../../test/fixtures/elf.ts";
import {
  alpine,
  dynamic,
  findings,
  interpreter,
  memory,
  only,
  plain,
  program,
  rows,
  systemd,
} from "../../../test/fixtures/bootable-image.ts";
import { directory, symlink } from "../../../test/fixtures/memory-tree.ts";

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

test("the search path of a program holds for its libraries", () => {
  const libraries = {
    ...interpreter,
    "bin/sh": dynamic(["liba.so"], "/own"),
    "own/liba.so": program({ needed: ["libb.so"] }),
    "own/libb.so": program(),
  };
  assert.deepEqual(findings({ ...plain, ...libraries }), []);
});

test("configurations that include each other end, and soon", () => {
  const files = Array.from({ length: 100 }, (_, index) => `etc/x/${index}.conf`);
  const circle = (line: string) => Object.fromEntries(files.map(path => [path, line]));
  const loader = { ...interpreter, "bin/sh": dynamic(["liba.so"]), "lib/liba.so": program() };
  const ld = { "etc/ld.so.conf": "include /etc/x/*.conf\n", ...circle("include /etc/x/*.conf\n") };
  assert.deepEqual(findings({ ...plain, ...loader, ...ld }), []);
  const ssh = { "etc/ssh/sshd_config": "Include /etc/x/*.conf\n", ...circle("Include /etc/x/*.conf\nPort 22\n") };
  assert.deepEqual(findings({ ...plain, ...ssh }), []);
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
