import assert from "node:assert/strict";
import { test } from "node:test";
import { build, memory, only, plain, program, rows } from "../../../test/fixtures/bootable-image.ts";
import { directory, symlink } from "../../../test/fixtures/memory-tree.ts";
import { checkBootability } from "../bootability.ts";

rows("directories and mount points", [
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
    bad: { usr: directory({ sbin: directory({ sshd: program(), NetworkManager: program() }) }, { mode: 0o700 }) },
    finding: "warning boot/directory-permissions",
    path: "/usr",
    says: /\/usr is closed to users \(0700\)/,
    fix: /chmod u=rwx,go=rx \/usr$/,
    good: {
      usr: directory({ sbin: directory({ sshd: program(), NetworkManager: program() }, { mode: 0o555 }) }),
    },
  },
  {
    bad: { home: directory({ ann: directory({}, { uid: 1000, gid: 1000 }) }, { mode: 0o777 }) },
    finding: "warning boot/directory-permissions",
    says: /everybody may write to \/home/,
    good: { home: directory({ ann: directory({}, { uid: 1000, gid: 1000 }) }, { mode: 0o775 }) },
  },
  {
    // Told once, by the name of the directory itself.
    bad: { var: symlink("data"), "data/lib": directory({}, { uid: 1000 }) },
    finding: "warning boot/directory-permissions",
    path: "/data/lib",
    says: /\/data\/lib belongs to user 1000/,
    good: { var: symlink("data"), "data/lib": directory({}), data: directory({}) },
  },
]);

test("a /tmp that is none is only a warning: a machine boots with it", () => {
  const found = only(plain, { tmp: symlink("/nowhere") });
  assert.equal(`${found.severity} ${found.code} ${found.path}`, "warning boot/mount-point /tmp");
});

test("a root directory of somebody else's is told", () => {
  const root = Object.assign(build(plain), { uid: 1000, mode: 0o700 });
  const [finding, ...others] = checkBootability({ root }, memory).findings;
  assert.equal(others.length, 0);
  assert.match(finding?.message ?? "", /^\/ belongs to user 1000/);
});
