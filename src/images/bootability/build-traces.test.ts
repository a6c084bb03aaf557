import assert from "node:assert/strict";
import { test } from "node:test";
import { findings, memory, passwd, plain, program, rows } from "../../../test/fixtures/bootable-image.ts";

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
]);

test("labelled files satisfy SELinux", () => {
  const labelled = memory.file(passwd, { xattrs: label });
  assert.deepEqual(findings({ ...plain, "etc/selinux/config": "SELINUX=enforcing\n", "etc/passwd": labelled }), []);
});
