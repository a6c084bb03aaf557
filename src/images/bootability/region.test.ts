import { alpine, plain, program, rows } from "../../../test/fixtures/bootable-image.ts";
import { symlink } from "../../../test/fixtures/memory-tree.ts";

const zone = "Europe/Berlin";
rows("time zones", [
  {
    base: { ...plain, "etc/os-release": "ID=debian\n" },
    bad: { "etc/localtime": symlink(`/usr/share/zoneinfo/${zone}`) },
    finding: "info boot/time-zone",
    path: "/etc/localtime",
    says: /Europe\/Berlin/,
    fix: /install -y tzdata/,
    good: { "etc/localtime": symlink(`../usr/share/zoneinfo/${zone}`), [`usr/share/zoneinfo/${zone}`]: "TZif2" },
  },
  {
    bad: { "etc/timezone": `${zone}\n` },
    finding: "info boot/time-zone",
    path: "/etc/timezone",
    good: { "etc/timezone": `${zone}\n`, "etc/localtime": "TZif2" },
  },
  {
    bad: { "etc/environment": `TZ=":${zone}"\n`, "etc/localtime": "TZif2" },
    finding: "info boot/time-zone",
    path: "/etc/environment",
    good: {
      "etc/environment": "TZ=CET-1CEST\n",
      "etc/timezone": "Etc/UTC\n",
      "etc/localtime": symlink("/usr/share/zoneinfo/Etc/UTC"),
    },
  },
]);

const families = {
  "ID=debian\n": /install -y locales && localedef -i de_DE -f UTF-8 de_DE.UTF-8/,
  "ID=fedora\n": /dnf install -y glibc-langpack-de/,
  'ID="opensuse-leap"\n': /zypper .* glibc-locale-base && localedef/,
  "ID=arch\n": /locale-gen/,
  "ID=unknown\n": /C\.UTF-8/,
};
rows("languages", [
  ...Object.entries(families).map(([release, fix]) => ({
    base: { ...plain, "etc/os-release": release },
    bad: { "etc/default/locale": 'LANG="de_DE.UTF-8"\n' },
    finding: "info boot/language",
    path: "/etc/default/locale",
    fix,
    good: { "etc/default/locale": "LANG=C.UTF-8\nLC_ALL=POSIX\n" },
  })),
  {
    bad: { "etc/locale.conf": "LANG=en_US.UTF-8\n" },
    finding: "info boot/language",
    good: { "etc/locale.conf": "LANG=en_US.UTF-8\n", "usr/lib/locale/en_US.utf8/LC_CTYPE": "x" },
  },
  {
    bad: { "etc/locale.conf": "LANG=en_US.UTF-8\n" },
    finding: "info boot/language",
    good: { "etc/locale.conf": "LANG=en_US.UTF-8\n", "usr/lib/locale/locale-archive": "x" },
  },
  {
    bad: { "etc/locale.conf": "LANG=en_US.UTF-8\n" },
    finding: "info boot/language",
    // No name that a distribution makes, and nothing to put into a line that somebody runs.
    good: { "etc/locale.conf": "LANG=en_US.$(reboot)\n" },
  },
  {
    base: alpine,
    bad: { "etc/locale.conf": "LANG=de_DE.UTF-8\n" },
    finding: "info boot/language",
    good: {
      "etc/locale.conf": "LANG=de_DE.UTF-8\n",
      "bin/sh": program({ interpreter: "/lib/ld-musl-x86_64.so.1" }),
      "lib/ld-musl-x86_64.so.1": program(),
    },
  },
]);
