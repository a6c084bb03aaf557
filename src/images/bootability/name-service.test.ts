import { dynamic, interpreter, memory, passwd, plain, program, rows } from "../../../test/fixtures/bootable-image.ts";
import { symlink } from "../../../test/fixtures/memory-tree.ts";

const libraries = "lib/x86_64-linux-gnu";
const library = (version: number) => ({
  [`${libraries}/libc-2.${version}.so`]: program(),
  [`${libraries}/libc.so.6`]: symlink(`libc-2.${version}.so`),
});
const configured = (...lines: string[]) => ({ "etc/nsswitch.conf": `# names\n${lines.join("\n")}\n` });

rows("name service: who is asked", [
  {
    bad: configured("passwd: sss"),
    finding: "warning boot/nsswitch",
    path: "/etc/nsswitch.conf",
    says: /\/etc\/passwd does not exist for programs/,
    fix: /passwd: files/,
    good: configured("passwd: files systemd", "group: files [SUCCESS=merge] systemd"),
  },
  {
    bad: configured("group: ldap"),
    finding: "warning boot/nsswitch",
    says: /\/etc\/group/,
  },
  {
    bad: configured("hosts: dns"),
    finding: "warning boot/nsswitch",
    says: /do not look into \/etc\/hosts/,
    fix: /hosts: files dns/,
    good: configured("hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns"),
  },
  {
    bad: configured("hosts: files myhostname"),
    finding: "warning boot/nsswitch",
    says: /do not ask the resolver/,
    good: configured("hosts: files mdns4_minimal [NOTFOUND=return] dns # usual"),
  },
  {
    bad: configured("hosts: files resolve"),
    finding: "warning boot/nsswitch",
    path: "/usr/lib/systemd/systemd-resolved",
    good: {
      ...configured("hosts: resolve"),
      "lib/systemd/systemd-resolved": program(),
      [`${libraries}/libnss_resolve.so.2`]: program(),
    },
  },
]);

const files = { [`${libraries}/libnss_files.so.2`]: program() };
const dns = { [`${libraries}/libnss_dns.so.2`]: program() };
rows("name service: modules of the C library", [
  {
    bad: { ...library(31), ...dns },
    finding: "warning boot/nsswitch",
    path: `/${libraries}/libnss_files.so.2`,
    good: { ...library(31), ...files, ...dns },
  },
  { bad: { ...library(33), ...files }, finding: "warning boot/nsswitch", says: /libnss_dns.so.2 does not exist/ },
  {
    bad: { ...configured("passwd: compat"), [`${libraries}/libc.so.6`]: program() },
    finding: "warning boot/nsswitch",
    says: /libnss_compat.so.2 does not exist/,
    good: { ...configured("passwd: compat files", "hosts: files dns"), [`${libraries}/libc.so.6`]: program() },
  },
  {
    base: {
      ...plain,
      "bin/sh": program({ interpreter: "/lib/ld-musl-x86_64.so.1" }),
      "lib/ld-musl-x86_64.so.1": program(),
      ...configured("hosts: dns"),
    },
    bad: { "bin/sh": dynamic([]), ...interpreter },
    finding: "warning boot/nsswitch",
    good: { "etc/passwd": memory.file(passwd) },
  },
]);
