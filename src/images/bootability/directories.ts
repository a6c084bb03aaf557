import type { BootFinding, Check } from "./finding.ts";
import { type ImageView, targetOf } from "./image-view.ts";

/** The shim moves the kernel's file systems here, and refuses links. */
const kernelDirectories = ["/dev", "/proc", "/sys", "/run"];
const directories = ["/etc", "/var", "/tmp", "/root"];
/** Everybody has to be able to pass through these, and root alone may change what is in them. */
const sharedDirectories = [
  "/",
  "/etc",
  "/usr",
  "/usr/bin",
  "/usr/sbin",
  "/usr/lib",
  "/usr/lib64",
  "/bin",
  "/sbin",
  "/lib",
  "/lib64",
  "/var",
  "/var/lib",
  "/home",
];

/** Mount points, and directories that all programs share. */
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
  yield* checkShared(image);
};

function* checkShared(image: ImageView): Generator<BootFinding> {
  const faults = new Map<string, string>();
  for (const path of sharedDirectories) {
    const found = image.find(path);
    // Of merged directories each is told once, by its own name.
    if (found?.node.type !== "directory" || faults.has(found.path)) continue;
    const { uid, mode } = found.node;
    if (uid !== 0) faults.set(found.path, `${found.path} belongs to user ${uid}`);
    else if ((mode & 0o005) !== 0o005) faults.set(found.path, `${found.path} is closed to users (${octal(mode)})`);
    else if ((mode & 0o002) !== 0) faults.set(found.path, `everybody may write to ${found.path} (${octal(mode)})`);
  }
  const paths = [...faults.keys()];
  if (paths.length === 0) return;
  yield {
    code: "boot/directory-permissions",
    severity: "warning",
    message: `${[...faults.values()].join(", ")}: services and users of the machine fail there, or can change what is root's`,
    path: paths[0] as string,
    fix: `RUN chown root:root ${paths.join(" ")} && chmod u=rwx,go=rx ${paths.join(" ")}`,
  };
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
