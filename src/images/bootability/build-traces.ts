import type { BootFinding, Check } from "./finding.ts";
import type { ImageView } from "./image-view.ts";
import { isWanted, maskOf } from "./units.ts";

const setUidPrograms = ["sudo", "su", "mount", "umount", "passwd", "newgrp", "chsh", "newuidmap", "newgidmap"];
const sysctlDirectories = ["/etc/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"];
const programDirectories = ["/usr/bin", "/bin"];
const backgroundUnits = [
  "apt-daily.timer",
  "apt-daily-upgrade.timer",
  "man-db.timer",
  "e2scrub_all.timer",
  "fwupd-refresh.timer",
  "motd-news.timer",
  "snapd.service",
  "unattended-upgrades.service",
  "dnf-makecache.timer",
  "packagekit.service",
  "systemd-networkd-wait-online.service",
  "NetworkManager-wait-online.service",
];

/** What building an image as a container, or with a careless tool, does to it. */
export const checkBuildTraces: Check = function* (image, init) {
  const policy = "/usr/sbin/policy-rc.d";
  if (/^\s*exit\s+101\b/m.test(image.text(policy) ?? "")) {
    yield {
      code: "boot/policy-rc.d",
      severity: "warning",
      message: `${policy} keeps services of packages from starting when they are installed`,
      path: policy,
      fix: `RUN rm -f ${policy}`,
    };
  }
  yield* checkSetUid(image);
  yield* checkSelinux(image);
  const background =
    init === "systemd"
      ? backgroundUnits.filter(unit => isWanted(image, unit) && maskOf(image, unit) === undefined)
      : [];
  if (background.length > 0) {
    yield {
      code: "boot/background-work",
      severity: "info",
      message: `these take time or locks from a short-lived machine: ${background.join(", ")}`,
      path: "/etc/systemd/system",
      fix: `RUN systemctl mask ${background.join(" ")}`,
    };
  }
};

function* checkSetUid(image: ImageView): Generator<BootFinding> {
  const lost = [...setUidPrograms, ...(pingNeedsRights(image) ? ["ping"] : [])].flatMap(name => {
    const found = programDirectories
      .map(directory => image.find(`${directory}/${name}`))
      .find(each => each !== undefined);
    // Links to programs that are many (busybox, toybox) or that have helpers (doas) say nothing.
    if (found?.node.type !== "file" || !found.path.endsWith(`/${name}`)) return [];
    const { mode, uid, xattrs } = found.node;
    return ((mode & 0o4000) !== 0 && uid === 0) || xattrs.has("security.capability") ? [] : [found.path];
  });
  if (lost.length === 0) return;
  yield {
    code: "boot/lost-set-uid",
    severity: "warning",
    message: `${lost.join(", ")} lost the set-uid bit or its owner, as some build tools do: users cannot use them`,
    path: lost[0] as string,
    fix: `RUN chown root:root ${lost.join(" ")} && chmod u+s ${lost.join(" ")}`,
  };
}

/** Where a setting of the kernel lets everybody send echo requests, ping needs nothing of its own. */
function pingNeedsRights(image: ImageView): boolean {
  const files = sysctlDirectories.flatMap(directory => image.names(directory).map(name => `${directory}/${name}`));
  return !["/etc/sysctl.conf", ...files].some(file => /^-?net\.ipv4\.ping_group_range\b/m.test(image.text(file) ?? ""));
}

/** Our kernels only use SELinux when told to, so this is no error: the machine boots, unprotected. */
function* checkSelinux(image: ImageView): Generator<BootFinding> {
  const path = "/etc/selinux/config";
  if (!image.lines(path).some(line => /^SELINUX\s*=\s*enforcing$/i.test(line))) return;
  if (image.find("/etc/passwd")?.node.xattrs.has("security.selinux") === true) return;
  yield {
    code: "boot/selinux-unlabeled",
    severity: "warning",
    message: "SELinux is to be enforced, but the files carry no labels: with it, the machine would not boot",
    path,
    fix: `RUN sed -i 's/^SELINUX=.*/SELINUX=permissive/' ${path}`,
  };
}
