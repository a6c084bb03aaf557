import { rows } from "../../../test/fixtures/bootable-image.ts";
import { symlink } from "../../../test/fixtures/memory-tree.ts";

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
