/** Distributions that share package names and tools. */
export type Family = "debian" | "alpine" | "fedora" | "arch" | "suse" | "other";

const families: Readonly<Record<string, Family>> = {
  debian: "debian",
  ubuntu: "debian",
  alpine: "alpine",
  fedora: "fedora",
  rhel: "fedora",
  centos: "fedora",
  arch: "arch",
  suse: "suse",
  opensuse: "suse",
  sles: "suse",
};

/** From the text of os-release: ID, else the first of ID_LIKE that is known. */
export function familyOf(osRelease: string | undefined): Family {
  const value = (key: string) => new RegExp(`^${key}=["']?([^"'\n]*)`, "m").exec(osRelease ?? "")?.[1] ?? "";
  for (const name of [value("ID"), ...value("ID_LIKE").split(/\s+/)]) {
    const family = families[name] ?? (name.startsWith("opensuse-") ? "suse" : undefined);
    if (family !== undefined) return family;
  }
  return "other";
}

export type Part = keyof typeof packages;

type Packages = Record<Exclude<Family, "other">, string>;
const packages = {
  init: {
    debian: "systemd systemd-sysv",
    alpine: "openrc",
    fedora: "systemd",
    arch: "systemd systemd-sysvcompat",
    suse: "systemd systemd-sysvinit",
  },
  sshd: {
    debian: "openssh-server",
    alpine: "openssh",
    fedora: "openssh-server",
    arch: "openssh",
    suse: "openssh-server",
  },
  udev: { debian: "udev", alpine: "eudev", fedora: "systemd-udev", arch: "systemd", suse: "udev" },
  kmod: { debian: "kmod", alpine: "kmod", fedora: "kmod", arch: "kmod", suse: "kmod" },
  dbus: { debian: "dbus", alpine: "dbus", fedora: "dbus-broker", arch: "dbus", suse: "dbus-1" },
  sudo: { debian: "sudo", alpine: "sudo", fedora: "sudo", arch: "sudo", suse: "sudo" },
  pam: { debian: "libpam-modules libpam-runtime", alpine: "linux-pam", fedora: "pam", arch: "pambase", suse: "pam" },
  login: {
    debian: "login util-linux",
    alpine: "util-linux",
    fedora: "util-linux",
    arch: "util-linux",
    suse: "util-linux",
  },
  shell: { debian: "dash bash", alpine: "busybox bash", fedora: "bash", arch: "bash", suse: "bash" },
  certificates: {
    debian: "ca-certificates",
    alpine: "ca-certificates",
    fedora: "ca-certificates",
    arch: "ca-certificates",
    suse: "ca-certificates-mozilla",
  },
  base: {
    debian: "base-files base-passwd",
    alpine: "alpine-baselayout",
    fedora: "setup",
    arch: "filesystem",
    suse: "aaa_base",
  },
  zones: { debian: "tzdata", alpine: "tzdata", fedora: "tzdata", arch: "tzdata", suse: "timezone" },
  locales: {
    debian: "locales",
    alpine: "musl-locales",
    fedora: "glibc-langpack-en",
    arch: "glibc",
    suse: "glibc-i18ndata glibc-locale-base",
  },
  library: { debian: "libc6", alpine: "musl", fedora: "glibc", arch: "glibc", suse: "glibc" },
} satisfies Record<string, Packages>;

const install: Packages = {
  debian: "apt-get update && apt-get install -y",
  alpine: "apk add",
  fedora: "dnf install -y",
  arch: "pacman -Sy --noconfirm",
  suse: "zypper --non-interactive install",
};
/** For packages that are there but lost files. */
const reinstall: Packages = {
  debian: "apt-get update && apt-get install -y --reinstall -o Dpkg::Options::=--force-confmiss",
  alpine: "apk fix",
  fedora: "dnf reinstall -y",
  arch: "pacman -Sy --noconfirm",
  suse: "zypper --non-interactive install --force",
};

/** The Dockerfile line that installs these parts; where the distribution is not known, for the two most used. */
export function installLine(family: Family, ...parts: readonly Part[]): string {
  return lineOf(install, family, parts);
}

/** The Dockerfile line that brings back what a package of these parts had. */
export function reinstallLine(family: Family, ...parts: readonly Part[]): string {
  return lineOf(reinstall, family, parts);
}

function lineOf(commands: Packages, family: Family, parts: readonly Part[]): string {
  const lineFor = (known: Exclude<Family, "other">) =>
    `${commands[known]} ${[...new Set(parts.flatMap(part => packages[part][known].split(" ")))].join(" ")}`;
  return family === "other" ? `RUN ${lineFor("debian")}  # Alpine: ${lineFor("alpine")}` : `RUN ${lineFor(family)}`;
}

/** The Dockerfile line that has a service started at boot. */
export function enableLine(family: Family, service: { debian: string; other: string; openrc: string }): string {
  if (family === "alpine") return `RUN rc-update add ${service.openrc} default`;
  return `RUN systemctl enable ${family === "debian" ? service.debian : service.other}`;
}
