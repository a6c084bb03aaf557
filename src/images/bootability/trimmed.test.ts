import { rows } from "../../../test/fixtures/bootable-image.ts";

rows("what small images leave out", [
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
  {
    bad: { "etc/dnf/dnf.conf": "[main]\ntsflags=nodocs\n" },
    finding: "info boot/trimmed",
    path: "/etc/dnf/dnf.conf",
    fix: /^RUN sed -i '\/\^tsflags\.\*nodocs\/d' \/etc\/dnf\/dnf.conf$/,
    good: { "etc/dnf/dnf.conf": "[main]\n#tsflags=nodocs\n" },
  },
  {
    bad: { "etc/zypp/zypp.conf": "rpm.install.excludedocs = yes\n" },
    finding: "info boot/trimmed",
    good: { "etc/zypp/zypp.conf": "# rpm.install.excludedocs = no\nrpm.install.excludedocs = no\n" },
  },
  {
    bad: { "etc/pacman.conf": "[options]\nNoExtract  = usr/share/man/*\n" },
    finding: "info boot/trimmed",
    good: { "etc/pacman.conf": "[options]\n#NoExtract   =\n" },
  },
]);
