import type { ImageView } from "./image-view.ts";
import { isLinkedTo, programFault } from "./program-fault.ts";

export const sshdPath = "/usr/sbin/sshd";
/** Real ones are a tenth of this. */
const maxBytes = 8 * 1024 * 1024;
/** Where distributions have it; the shim makes the one below /run. */
const emptyDirectories = [
  "/var/empty",
  "/var/empty/sshd",
  "/usr/share/empty.sshd",
  "/var/lib/empty",
  "/var/chroot/ssh",
];

/** Why sshd would not start, or undefined: as the kernel and the loader see it, and by what it looks at itself. */
export function sshdFault(image: ImageView): string | undefined {
  const fault = programFault(image, sshdPath);
  if (fault !== undefined) return fault;
  const texts = textsOf(image);
  for (const helper of helpersOf(texts)) {
    const helperFault = programFault(image, helper);
    if (helperFault !== undefined) return `cannot do without ${helper}, which ${helperFault}`;
  }
  for (const path of emptyDirectories) {
    if (!texts.includes(`\0${path}\0`)) continue;
    const node = image.find(path)?.node;
    if (node?.type !== "directory") return `needs the directory ${path}, which does not exist`;
    if (node.uid !== 0 || (node.mode & 0o022) !== 0) return `needs ${path}, which belongs to others or is open to them`;
  }
  return undefined;
}

/** Whether sshd can ask PAM; newer ones leave that to a program of its own. Undefined when it is no program. */
export function sshdKnowsPam(image: ImageView): boolean | undefined {
  const links = [sshdPath, ...helpersOf(textsOf(image))].map(path => isLinkedTo(image, path, "libpam.so"));
  return links[0] === undefined ? undefined : links.includes(true);
}

function helpersOf(texts: string): string[] {
  return [...texts.matchAll(/\0(\/[\w./+-]{1,200}\/sshd-(?:session|auth))(?=\0)/g)].map(([, path = ""]) => path);
}

/** What the program says, with all else between. */
function textsOf(image: ImageView): string {
  const node = image.find(sshdPath)?.node;
  return node?.type === "file" ? image.read(node, 0, maxBytes).toString("latin1") : "";
}
