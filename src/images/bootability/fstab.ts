import { isAbsentDrive, isOptional } from "./absent-drive.ts";
import type { Check } from "./finding.ts";
import { hasUnit, maskOf } from "./units.ts";

const path = "/etc/fstab";
const remount = "systemd-remount-fs.service";
const removeRootLine = `RUN sed -i '\\|^[^#]*[[:space:]]/[[:space:]]|d' ${path}`;

/** The platform appends its own lines for drives with content; what is flagged here waits for drives that do not come. */
export const checkFstab: Check = function* (image, init) {
  const remounts = init === "systemd" && hasUnit(image, remount) && maskOf(image, remount) === undefined;
  for (const line of image.lines(path)) {
    const [device = "", mount = "", type = "", options = ""] = line.split(/\s+/);
    if (mount === "/" && options.split(",").includes("ro")) {
      yield {
        code: "boot/fstab-read-only",
        severity: "warning",
        message: `/etc/fstab makes the root drive read-only: ${line}`,
        path,
        fix: removeRootLine,
      };
    } else if (mount === "/" && remounts && isTag(device)) {
      yield {
        code: "boot/fstab-root",
        severity: "warning",
        message: `${remount} fails at every boot, and the options of the root drive have no effect: /etc/fstab says it is ${device}, which it never is`,
        path,
        fix: removeRootLine,
      };
    } else if (mount !== "/" && isAbsentDrive(device) && !isOptional(options)) {
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

/**
 * What mount(8) has to look up before it remounts; a path may be any. The UUID of our root drives is a digest of what is on
 * them, and they have neither label nor partitions. The drive itself is mounted already, so nothing waits or checks it.
 */
function isTag(device: string): boolean {
  return /^(UUID|LABEL|PARTUUID|PARTLABEL)=/.test(device);
}
