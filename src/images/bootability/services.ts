import type { BootFinding, Check } from "./finding.ts";
import { installLine } from "./distribution.ts";
import type { ImageView } from "./image-view.ts";
import { isWanted, maskOf } from "./units.ts";

const networkPrograms = [
  "/usr/lib/systemd/systemd-networkd",
  "/lib/systemd/systemd-networkd",
  "/usr/sbin/NetworkManager",
  "/sbin/ifup",
  "/usr/sbin/ifup",
  "/usr/sbin/netplan",
  "/usr/sbin/connmand",
  "/etc/init.d/networking",
];
const cloudInitUnits = ["cloud-init.service", "cloud-init-local.service", "cloud-init-main.service"];
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

export const checkNetwork: Check = function* (image, init) {
  if (image.firstOf(...networkPrograms) === undefined) {
    yield {
      code: "boot/no-network-manager",
      severity: "info",
      message: "the image has no program that configures networks; the platform does it before the init starts",
      path: "/etc",
      fix: "Nothing has to be done.",
    };
  }
  const cloudInit = image.firstOf("/usr/bin/cloud-init");
  const disabled = image.exists("/etc/cloud/cloud-init.disabled") || maskOf(image, "cloud-init.service") !== undefined;
  if (
    cloudInit !== undefined &&
    init === "systemd" &&
    !disabled &&
    cloudInitUnits.some(unit => isWanted(image, unit))
  ) {
    // Newer ones look first whether any cloud is there.
    const turnsItselfOff = image.exists("/usr/lib/cloud-init/ds-identify");
    yield {
      code: "boot/cloud-init",
      severity: turnsItselfOff ? "info" : "warning",
      message: turnsItselfOff
        ? "cloud-init finds no data source here and does nothing"
        : "cloud-init looks for a data source that does not exist here, which may take two minutes of the boot",
      path: cloudInit,
      fix: "RUN touch /etc/cloud/cloud-init.disabled",
    };
  }
};

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
  yield* checkTrimmed(image);
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

function* checkTrimmed(image: ImageView): Generator<BootFinding> {
  const traces = ["/etc/dpkg/dpkg.cfg.d/docker", "/etc/dpkg/dpkg.cfg.d/excludes", "/etc/apt/apt.conf.d/docker-clean"];
  const found = traces.filter(path => image.exists(path));
  if (found.length > 0) {
    yield {
      code: "boot/trimmed",
      severity: "info",
      message: "packages are installed without manuals or kept nowhere, as suits containers",
      path: found[0] as string,
      fix:
        image.exists("/usr/bin/unminimize") || image.exists("/usr/sbin/unminimize")
          ? "RUN yes | unminimize"
          : `RUN rm -f ${found.join(" ")}`,
    };
  }
  if (
    image.firstOf(
      "/etc/ssl/certs/ca-certificates.crt",
      "/etc/pki/tls/certs/ca-bundle.crt",
      "/etc/ssl/cert.pem",
      "/etc/ssl/ca-bundle.pem",
      "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    ) === undefined
  ) {
    yield {
      code: "boot/no-certificates",
      severity: "info",
      message: "there are no certificates of authorities: programs cannot check who they talk to",
      path: "/etc/ssl/certs/ca-certificates.crt",
      fix: installLine(image.family, "certificates"),
    };
  }
  const modules = image.names("/lib/modules");
  if (modules.length > 0 || image.names("/boot").some(name => /^(vmlinuz|bzImage)/.test(name))) {
    yield {
      code: "boot/own-kernel",
      severity: "info",
      message: `the image brings a kernel or modules${modules.length > 0 ? ` (${modules.join(", ")})` : ""}; machines run the platform's`,
      path: modules.length > 0 ? `/lib/modules/${modules[0]}` : "/boot",
      fix: "Leave kernel packages out of the image: they only take space.",
    };
  }
}
