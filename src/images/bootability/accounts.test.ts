import assert from "node:assert/strict";
import { test } from "node:test";
import {
  findings,
  interpreter,
  memory,
  only,
  pam,
  plain,
  program,
  rows,
  speaking,
} from "../../../test/fixtures/bootable-image.ts";
import { directory } from "../../../test/fixtures/memory-tree.ts";

const shadow = (password: string) => ({ "etc/shadow": `root:*:1::::::\nann:${password}:1::::::\n` });
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
]);

test("a locked password does not matter to an sshd that asks PAM", () => {
  assert.deepEqual(findings({ ...plain, ...pam, ...shadow("!"), "etc/pam.d/sshd": "" }), []);
});

test("accounts of packages may lie below /usr", () => {
  const passwd = "root:x:0:0::/root:/bin/sh\n";
  const base = { ...plain, "etc/passwd": passwd, "usr/lib/passwd": "bin:x:1:1::/:/x\nsshd:x:74:74::/:/x\n" };
  assert.deepEqual(findings(base), []);
});

test("a locked password does not matter where a program of sshd's asks PAM", () => {
  const session = "/usr/lib/openssh/sshd-session";
  const split = {
    ...plain,
    "usr/sbin/sshd": speaking([session]),
    "usr/lib/openssh/sshd-session": pam["usr/sbin/sshd"],
  };
  const image = { ...split, ...interpreter, "lib64/libpam.so.0": program(), ...shadow("!") };
  assert.deepEqual(findings(image), []);
  assert.equal(only(image, { "usr/lib/openssh/sshd-session": program() }).code, "boot/locked-account");
});
