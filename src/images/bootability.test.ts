import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { alpine, check, only, plain, program, summary, systemd } from "../../test/fixtures/bootable-image.ts";
import { symlink } from "../../test/fixtures/memory-tree.ts";

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

test("errors come first, then warnings", () => {
  const several = { ...plain, ".dockerenv": "", "sbin/modprobe": undefined, "bin/sh": undefined };
  const codes = summary(several);
  assert.equal(codes[0], "error boot/no-sh");
  assert.equal(codes.at(-1), "info boot/container-marker");
  assert.ok(codes.includes("warning boot/no-kmod"));
});

test("every finding is explained in the reference, and nothing else is", async () => {
  const checks = new URL("bootability/", import.meta.url);
  const sources = await Promise.all(
    (await readdir(checks))
      .filter(name => !name.endsWith(".test.ts"))
      .map(name => readFile(new URL(name, checks), "utf8")),
  );
  const made = sources.flatMap(source => [...source.matchAll(/code: "(boot\/[^"]+)"/g)].map(([, code]) => code));
  const page = await readFile(new URL("../../docs/reference/bootability.md", import.meta.url), "utf8");
  const told = [...page.matchAll(/^\| `(boot\/[^`]+)`/gm)].map(([, code]) => code);
  assert.equal(new Set(told).size, told.length);
  assert.deepEqual(new Set(told), new Set(made));
});
