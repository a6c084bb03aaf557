import { alpine, rows } from "../../../test/fixtures/bootable-image.ts";

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
