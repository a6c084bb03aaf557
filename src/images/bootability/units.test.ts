import { masked, memory, rows, systemd, units } from "../../../test/fixtures/bootable-image.ts";
import { symlink } from "../../../test/fixtures/memory-tree.ts";

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
    bad: { "etc/systemd/system/dbus.socket": masked },
    finding: "warning boot/masked-unit",
    path: "/etc/systemd/system/dbus.socket",
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
