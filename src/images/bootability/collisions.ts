import { posix } from "node:path";
import type { BootFinding, Check } from "./finding.ts";
import { type ImageView, targetOf } from "./image-view.ts";

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
/** Others' lines in these are kept, so a link stays one, and has to lead to a place where a file can be. */
const sharedFiles = ["/etc/hosts", "/etc/ssh/ssh_known_hosts"];
const writtenDirectories = ["/etc/ssh", "/etc/profile.d", "/var/lib", "/lib/modules", "/opt"];
/** Those without which no machine starts. */
const requiredDirectories = ["/etc/ssh", "/var/lib"];
const record = "/var/lib/labyard";

/** What lies in the way of the platform's own files, most of which a start cannot do without. */
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
  yield* checkDeadLinks(image);
  yield* checkKeyPlaces(image);
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

function* checkDeadLinks(image: ImageView): Generator<BootFinding> {
  for (const path of [...requiredDirectories, ...sharedFiles]) {
    const target = targetOf(image.entry(path));
    if (target === undefined || image.exists(path)) continue;
    const isFile = sharedFiles.includes(path);
    const place = posix.dirname(target.startsWith("/") ? target : `${posix.dirname(path)}/${target}`);
    if (isFile && image.directory(place) !== undefined) continue;
    yield {
      code: "boot/collision",
      severity: "error",
      message: `${path} is a link to ${target}, which leads nowhere; the platform has to write there`,
      path,
      fix: isFile ? `RUN rm -f ${path}` : `RUN rm -f ${path} && mkdir ${path}`,
    };
  }
}

/** Homes and their keys: root has some in every machine, others where a machine lists them. */
function* checkKeyPlaces(image: ImageView): Generator<BootFinding> {
  for (const { name, home } of image.people) {
    const base = home.replace(/\/$/, "");
    const keys = `${base}/.ssh`;
    // Of a home that is none the directories below cannot be asked for.
    const wrong = [
      { path: home, wanted: "directory" },
      { path: keys, wanted: "directory" },
      { path: `${keys}/authorized_keys`, wanted: "file" },
    ].find(({ path, wanted }) => {
      if (image.entry(path) === undefined) return false;
      const type = image.find(path)?.node.type;
      return type === undefined ? wanted === "directory" : type !== wanted;
    });
    // That of root itself is a mount point's finding.
    if (wrong === undefined || wrong.path === "/root" || /\/dev\/null$/.test(wrong.path)) continue;
    yield {
      code: "boot/collision",
      severity: name === "root" ? "error" : "warning",
      message: `${wrong.path} is no ${wrong.wanted}, and the platform has to write the keys of ${name} there${name === "root" ? "" : " in machines that list this user"}`,
      path: wrong.path,
      fix: `RUN rm -rf ${wrong.path}`,
    };
  }
}
