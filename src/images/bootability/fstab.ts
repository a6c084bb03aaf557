import type { Check } from "./finding.ts";

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
