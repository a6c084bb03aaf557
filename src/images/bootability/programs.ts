import type { BootFinding, Check, InitKind } from "./finding.ts";
import { installLine, reinstallLine } from "./distribution.ts";
import type { ImageView } from "./image-view.ts";
import { programFault } from "./program-fault.ts";
import { sshdFault, sshdPath } from "./sshd-program.ts";

/** In the order in which the kernel and the shim look; a bare shell is an answer of theirs, but no machine. */
const initPaths = ["/sbin/init", "/etc/init", "/bin/init"];
const shells = new Set(["sh", "bash", "dash", "ash", "zsh"]);
const rebuild = "Build the image with --platform linux/amd64, and copy no single programs into it.";

/** The init of the image, as far as it can be found. */
export function findInit(image: ImageView): { path: string; kind: InitKind } | undefined {
  const entry = image.firstOf(...initPaths);
  if (entry === undefined) return undefined;
  const { path } = image.find(entry) as { path: string };
  return { path, kind: initKindOf(image, path) };
}

/** Finding "no init" stands alone: an image for containers lacks all the rest too, and its fix brings everything. */
export function noInit(image: ImageView): BootFinding {
  const lacks = [
    image.exists(sshdPath) ? [] : "sshd",
    image.accounts.some(user => user.name === "root") ? [] : "a root account",
  ].flat();
  const also = lacks.length === 0 ? "" : `; it also lacks ${lacks.join(" and ")}`;
  return {
    code: "boot/no-init",
    severity: "error",
    message: `the image has no init system: /sbin/init does not exist or leads nowhere${also}`,
    path: initPaths[0] as string,
    fix: `${installLine(image.family, "init", "udev", "kmod", "dbus", "sshd", "sudo")}  # or start FROM an image made for machines`,
  };
}

export function* checkInit(image: ImageView, path: string): Generator<BootFinding> {
  const fault = programFault(image, path);
  if (fault !== undefined) {
    yield {
      code: "boot/init-not-runnable",
      severity: "error",
      message: `the init system ${path} ${fault}`,
      path,
      fix: fault.includes("amd64") ? rebuild : installLine(image.family, "init"),
    };
  } else if (shells.has(path.slice(path.lastIndexOf("/") + 1))) {
    yield {
      code: "boot/init-is-a-shell",
      severity: "warning",
      message: `the init system ${path} is a shell: no service of the image is started`,
      path,
      fix: installLine(image.family, "init"),
    };
  }
}

export const checkPrograms: Check = function* (image, init) {
  const fault = sshdFault(image);
  if (fault !== undefined) {
    yield {
      code: "boot/no-sshd",
      severity: "warning",
      message: `${sshdPath} ${fault}; the platform lends one for terminals, tasks and files, but the machine does not answer on port 22`,
      path: sshdPath,
      fix: fault.includes("amd64")
        ? rebuild
        : (image.exists(sshdPath) ? reinstallLine : installLine)(image.family, "sshd"),
    };
  }
  const shellFault = programFault(image, "/bin/sh");
  if (shellFault !== undefined) {
    yield {
      code: "boot/no-sh",
      severity: "error",
      message: `/bin/sh ${shellFault}; the platform's own programs need it`,
      path: "/bin/sh",
      fix: installLine(image.family, "shell"),
    };
  }
  if (image.firstOf("/sbin/modprobe", "/usr/sbin/modprobe", "/bin/modprobe", "/usr/bin/modprobe") === undefined) {
    yield {
      code: "boot/no-kmod",
      severity: "warning",
      message: "there is no modprobe: drivers that the kernel has as modules cannot be loaded",
      path: "/sbin/modprobe",
      fix: installLine(image.family, "kmod"),
    };
  }
  if (
    init === "openrc" &&
    image.firstOf("/sbin/udevd", "/sbin/mdev", "/bin/udevadm", "/usr/bin/udevadm") === undefined
  ) {
    yield {
      code: "boot/no-udev",
      severity: "warning",
      message: "there is neither udev nor mdev: devices get no names and no permissions",
      path: "/sbin/udevd",
      fix: installLine(image.family, "udev"),
    };
  }
  if (
    init === "systemd" &&
    image.firstOf("/usr/bin/dbus-daemon", "/usr/bin/dbus-broker", "/bin/dbus-daemon") === undefined
  ) {
    yield {
      code: "boot/no-dbus",
      severity: "warning",
      message: "there is no D-Bus daemon: systemctl works for root only, logins are not tracked",
      path: "/usr/bin/dbus-daemon",
      fix: installLine(image.family, "dbus"),
    };
  }
};

function initKindOf(image: ImageView, path: string): InitKind {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === "systemd") return "systemd";
  if (name === "openrc-init") return "openrc";
  // Alpine: the init is busybox, and its table starts OpenRC.
  if (image.lines("/etc/inittab").some(line => /\bopenrc\b/.test(line))) return "openrc";
  if (name === "busybox") return "busybox";
  if (name.startsWith("runit")) return "runit";
  if (name.startsWith("s6")) return "s6";
  return "other";
}
