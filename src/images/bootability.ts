import { parseGroup, parsePasswd, readTreeText } from "./accounts.ts";
import { machineX86_64, parseElf } from "./elf.ts";
import { lookUp } from "./tree-paths.ts";
import type { PayloadSource, Tree, TreeNode } from "./tree.ts";

/** Something about an image that keeps it from booting (error), or makes it a worse machine (warning, info). */
export interface BootFinding {
  code: string;
  severity: "error" | "warning" | "info";
  message: string;
  /** The path in the image that proves it. */
  path: string;
  /** What to change in the image, usually a line of its Dockerfile. */
  fix: string;
}

export type InitKind = "systemd" | "openrc" | "busybox" | "runit" | "s6" | "other";

export interface BootReport {
  findings: BootFinding[];
  /** undefined when the image has no init */
  initKind: InitKind | undefined;
}

const installInit =
  "RUN apt-get update && apt-get install -y systemd systemd-sysv udev dbus openssh-server sudo  # Alpine: apk add openrc openssh sudo udev";
const headBytes = 64 * 1024;

/** Looks for what would stop an image from becoming a machine, on the tree alone: nothing is run or written. */
export function checkBootability(tree: Tree, payloads: PayloadSource): BootReport {
  const findings: BootFinding[] = [];
  const init = checkInit(tree, payloads, findings);
  checkSshd(tree, payloads, findings);
  checkAccounts(tree, payloads, findings);
  checkIdentity(tree, payloads, findings);
  checkContainerMarkers(tree, findings);
  if (init === "systemd") checkUnits(tree, findings);
  return { findings, initKind: init };
}

function checkInit(tree: Tree, payloads: PayloadSource, findings: BootFinding[]): InitKind | undefined {
  const path = "/sbin/init";
  const found = lookUp(tree, path);
  if (found === undefined) {
    findings.push({
      code: "boot/no-init",
      severity: "error",
      message: "the image has no init system: /sbin/init does not exist or leads nowhere",
      path,
      fix: installInit,
    });
    return undefined;
  }
  const fault = programFault(tree, payloads, found.node);
  if (fault !== undefined) {
    findings.push({
      code: "boot/init-not-runnable",
      severity: "error",
      message: `the init system ${text(found.path)} ${fault}`,
      path: text(found.path),
      fix: "Build the image for linux/amd64 and install the init system from the distribution's packages.",
    });
  }
  return initKindOf(found.path);
}

function checkSshd(tree: Tree, payloads: PayloadSource, findings: BootFinding[]): void {
  const path = "/usr/sbin/sshd";
  const found = lookUp(tree, path);
  const fault = found === undefined ? "does not exist" : programFault(tree, payloads, found.node);
  if (fault === undefined) return;
  findings.push({
    code: "boot/no-sshd",
    severity: "error",
    message: `${path} ${fault}; terminals, tasks and files of the machine all go through it`,
    path,
    fix: "RUN apt-get update && apt-get install -y openssh-server  # Alpine: apk add openssh",
  });
}

function checkAccounts(tree: Tree, payloads: PayloadSource, findings: BootFinding[]): void {
  const path = "/etc/passwd";
  const users = parsePasswd(readTreeText(tree, payloads, path) ?? "");
  const groups = new Set(parseGroup(readTreeText(tree, payloads, "/etc/group") ?? "").map(group => group.gid));
  if (!users.some(user => user.name === "root" && user.uid === 0)) {
    findings.push({
      code: "boot/no-root-account",
      severity: "error",
      message: "/etc/passwd is missing or has no root account",
      path,
      fix: "Install the distribution's base files (Debian: base-passwd, Alpine: alpine-baselayout).",
    });
    return;
  }
  for (const user of users) {
    if (user.uid !== 0 && (user.uid < 1000 || user.uid > 60000)) continue;
    const shell = lookUp(tree, toTree(user.shell));
    if (shell === undefined || !isExecutable(shell.node)) {
      findings.push({
        code: "boot/no-shell",
        severity: "warning",
        message: `the shell of ${user.name}, ${user.shell}, does not exist: nobody can log in as that user`,
        path: user.shell,
        fix: `RUN usermod --shell /bin/sh ${user.name}`,
      });
    }
    if (!groups.has(user.gid)) {
      findings.push({
        code: "boot/no-group",
        severity: "warning",
        message: `the main group of ${user.name}, ${user.gid}, is not in /etc/group`,
        path: "/etc/group",
        fix: `RUN groupadd --gid ${user.gid} ${user.name}`,
      });
    }
  }
}

function checkIdentity(tree: Tree, payloads: PayloadSource, findings: BootFinding[]): void {
  if (lookUp(tree, "/etc/os-release") === undefined && lookUp(tree, "/usr/lib/os-release") === undefined) {
    findings.push({
      code: "boot/unknown-distribution",
      severity: "warning",
      message: "the image does not say which distribution it is",
      path: "/etc/os-release",
      fix: "Start from a distribution's image instead of an empty one.",
    });
  }
  const machineId = readTreeText(tree, payloads, "/etc/machine-id")?.trim();
  if (machineId !== undefined && /^[0-9a-f]{32}$/.test(machineId)) {
    findings.push({
      code: "boot/shared-machine-id",
      severity: "info",
      message: "the image carries a machine id; each machine gets its own instead",
      path: "/etc/machine-id",
      fix: "RUN : > /etc/machine-id",
    });
  }
}

function checkContainerMarkers(tree: Tree, findings: BootFinding[]): void {
  for (const path of ["/.dockerenv", "/run/.containerenv", "/run/systemd/container"]) {
    if (lookUp(tree, path, { followLast: false }) === undefined) continue;
    findings.push({
      code: "boot/container-marker",
      severity: "warning",
      message: `${path} makes the init system believe that it runs in a container`,
      path,
      fix: `RUN rm -f ${path}  # in the last step of the build`,
    });
  }
}

/** Units whose absence turns a boot into a long wait or a machine without devices. */
function checkUnits(tree: Tree, findings: BootFinding[]): void {
  for (const unit of ["systemd-udevd.service", "systemd-udev-trigger.service", "systemd-remount-fs.service"]) {
    const path = `/etc/systemd/system/${unit}`;
    const override = lookUp(tree, path, { followLast: false })?.node;
    if (override?.type === "symlink" && override.target.toString("latin1") === "/dev/null") {
      findings.push({
        code: "boot/masked-unit",
        severity: "warning",
        message: `${unit} is masked, as images for containers do`,
        path,
        fix: `RUN systemctl unmask ${unit}`,
      });
    } else if (
      lookUp(tree, `/usr/lib/systemd/system/${unit}`) === undefined &&
      lookUp(tree, `/lib/systemd/system/${unit}`) === undefined
    ) {
      findings.push({
        code: "boot/missing-unit",
        severity: "warning",
        message: `${unit} is not in the image: devices may not appear`,
        path: `/usr/lib/systemd/system/${unit}`,
        fix: "RUN apt-get update && apt-get install -y udev",
      });
    }
  }
}

/** Why the kernel would refuse to run this, or undefined. */
function programFault(tree: Tree, payloads: PayloadSource, node: TreeNode): string | undefined {
  if (node.type !== "file") return "is not a file";
  if (!isExecutable(node)) return "is not executable";
  const head = Buffer.alloc(Math.min(node.size, headBytes));
  if (node.payload !== undefined) payloads.read(node.payload, 0, head);
  if (head.subarray(0, 2).toString("latin1") === "#!") {
    const interpreter = head.subarray(2, 256).toString("latin1").trim().split(/\s/)[0] ?? "";
    return lookUp(tree, interpreter) === undefined ? `needs ${text(interpreter)}, which does not exist` : undefined;
  }
  const elf = parseElf(head);
  if (elf === undefined) return "is not a program";
  if (elf.machine !== machineX86_64 || !elf.is64Bit) return "is not built for amd64";
  if (elf.interpreter !== undefined && lookUp(tree, elf.interpreter) === undefined) {
    return `needs the loader ${text(elf.interpreter)}, which does not exist`;
  }
  return undefined;
}

function isExecutable(node: TreeNode): boolean {
  return node.type === "file" && (node.mode & 0o111) !== 0;
}

function initKindOf(path: string): InitKind {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === "systemd") return "systemd";
  if (name === "openrc-init") return "openrc";
  if (name === "busybox") return "busybox";
  if (name.startsWith("runit")) return "runit";
  if (name.startsWith("s6")) return "s6";
  return "other";
}

/** Tree names are latin1 strings of bytes, messages are text. */
function text(path: string): string {
  return Buffer.from(path, "latin1").toString("utf8");
}

function toTree(path: string): string {
  return Buffer.from(path, "utf8").toString("latin1");
}
