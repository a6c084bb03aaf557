import type { Check } from "./finding.ts";
import { targetOf } from "./image-view.ts";

/** The shim moves the kernel's file systems here, and refuses links. */
const kernelDirectories = ["/dev", "/proc", "/sys", "/run"];
const directories = ["/etc", "/var", "/tmp", "/root"];
/** Written by the shim or the seed as plain files; what the image has there is replaced. */
const writtenFiles = [
  "/etc/hostname",
  "/etc/hosts",
  "/etc/resolv.conf",
  "/etc/machine-id",
  "/etc/fstab",
  "/etc/ssh/ssh_host_ed25519_key",
  "/etc/ssh/ssh_host_ed25519_key.pub",
  "/etc/ssh/ssh_known_hosts",
];
const writtenDirectories = ["/etc/ssh", "/etc/profile.d", "/var/lib", "/lib/modules", "/opt"];
const record = "/var/lib/labyard";

/** Mount points, and places the platform writes to. */
export const checkDirectories: Check = function* (image) {
  for (const path of kernelDirectories) {
    const node = image.entry(path);
    if (node === undefined || node.type === "directory") continue;
    const what = node.type === "symlink" ? `a link to ${targetOf(node)}` : `a ${node.type}`;
    yield {
      code: "boot/mount-point",
      severity: "error",
      message: `${path} is ${what}; it has to be a directory`,
      path,
      fix: `RUN rm -f ${path} && mkdir ${path}`,
    };
  }
  for (const path of directories) {
    if (image.entry(path) === undefined || image.directory(path) !== undefined) continue;
    yield {
      code: "boot/mount-point",
      // Without /tmp a machine boots, if badly.
      severity: path === "/tmp" ? "warning" : "error",
      message: `${path} is not a directory, nor does it lead to one inside the image`,
      path,
      fix: `RUN rm -f ${path} && mkdir ${path}`,
    };
  }
  for (const path of ["/tmp", "/var/tmp"]) {
    const directory = image.directory(path);
    if (directory === undefined || (directory.mode & 0o1777) === 0o1777) continue;
    yield {
      code: "boot/tmp-mode",
      severity: "warning",
      message: `${path} has the mode ${octal(directory.mode)}: users cannot make files there`,
      path,
      fix: `RUN chmod 1777 ${path}`,
    };
  }
};

export const checkCollisions: Check = function* (image) {
  for (const path of writtenFiles) {
    const type = image.find(path)?.node.type;
    if (type === undefined || type === "file") continue;
    yield {
      code: "boot/collision",
      severity: "error",
      message: `${path} is a ${type}, and the platform has to write a file there`,
      path,
      fix: `RUN rm -rf ${path}`,
    };
  }
  for (const path of writtenDirectories) {
    const type = image.find(path)?.node.type;
    if (type === undefined || type === "directory") continue;
    yield {
      code: "boot/collision",
      severity: "error",
      message: `${path} is a ${type}, and the platform has to write into a directory there`,
      path,
      fix: `RUN rm -f ${path} && mkdir ${path}`,
    };
  }
  if (image.entry(record) !== undefined) {
    yield {
      code: "boot/machine-record",
      severity: "warning",
      message: `${record} comes from a machine that has run: identity and files of the new one may be left out`,
      path: record,
      fix: `RUN rm -rf ${record}`,
    };
  }
};

/** The platform appends its own lines for drives with content; what is flagged here waits for drives that do not come. */
export const checkFstab: Check = function* (image) {
  const path = "/etc/fstab";
  for (const line of image.lines(path)) {
    const [device = "", mount = "", type = "", options = ""] = line.split(/\s+/);
    const given = options.split(",");
    if (mount === "/") {
      if (!given.includes("ro")) continue;
      yield {
        code: "boot/fstab-read-only",
        severity: "warning",
        message: `/etc/fstab makes the root drive read-only: ${line}`,
        path,
        fix: `RUN sed -i '\\|^[^#]*[[:space:]]/[[:space:]]|d' ${path}`,
      };
    } else if (isWaitedFor(device) && !given.includes("nofail") && !given.includes("noauto")) {
      yield {
        code: "boot/fstab-waits",
        severity: "warning",
        message: `the boot waits 90 s for ${device} and may stop there: /etc/fstab says ${mount || "?"} ${type}`,
        path,
        fix: `RUN sed -i '\\|^${device.replaceAll("|", "\\|")}[[:space:]]|d' ${path}  # or add nofail to its options`,
      };
    }
  }
};

function isWaitedFor(device: string): boolean {
  return (
    /^(UUID|LABEL|PARTUUID|PARTLABEL|ID)=/i.test(device) ||
    (device.startsWith("/dev/") && !/^\/dev\/(null|zero)$/.test(device))
  );
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
