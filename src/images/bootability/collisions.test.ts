import { passwd, plain, rows } from "../../../test/fixtures/bootable-image.ts";
import { device, directory, symlink } from "../../../test/fixtures/memory-tree.ts";

rows("collisions with what the platform writes", [
  {
    bad: { "etc/hosts": directory({}) },
    finding: "error boot/collision",
    path: "/etc/hosts",
    good: { "etc/hosts": symlink("/usr/hosts") },
  },
  { bad: { "etc/machine-id": device("chardev", 1, 3) }, finding: "error boot/collision" },
  {
    bad: { "etc/ssh": "x", "usr/etc/ssh/sshd_config": "UsePAM no\n" },
    finding: "error boot/collision",
    says: /into a directory/,
  },
  {
    bad: { "var/lib/labyard/seed": "digest" },
    finding: "warning boot/machine-record",
    good: { "var/lib/other/seed": "x" },
  },
  {
    bad: { "etc/ssh": symlink("/keys"), "usr/etc/ssh/sshd_config": "UsePAM no\n" },
    finding: "error boot/collision",
    path: "/etc/ssh",
    says: /a link to \/keys, which leads nowhere/,
    good: { "etc/ssh": symlink("/keys"), "keys/sshd_config": "UsePAM no\n" },
  },
  {
    bad: { "etc/hosts": symlink("../data/hosts") },
    finding: "error boot/collision",
    path: "/etc/hosts",
    good: { "etc/hosts": symlink("../data/hosts"), data: directory({}) },
  },
  {
    bad: { "root/.ssh": "x" },
    finding: "error boot/collision",
    path: "/root/.ssh",
    says: /no directory, and the platform has to write the keys of root/,
    good: { "root/.ssh": directory({}, { mode: 0o700 }) },
  },
  { bad: { "root/.ssh": symlink("/nowhere") }, finding: "error boot/collision" },
  {
    bad: { "root/.ssh/authorized_keys": directory({}) },
    finding: "error boot/collision",
    good: { "root/.ssh/authorized_keys": symlink("/root/keys") },
  },
  {
    base: { ...plain, "etc/passwd": `${passwd}bob:x:1001:1000::/srv/bob:/bin/sh\n` },
    bad: { "srv/bob": "x" },
    finding: "warning boot/collision",
    says: /in machines that list this user/,
    good: { "srv/bob": directory({}, { uid: 1001 }) },
  },
]);
