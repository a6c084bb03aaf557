import type { Check } from "./finding.ts";
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
  if (cloudInit !== undefined && !image.exists("/etc/cloud/cloud-init.disabled") && startsCloudInit(image, init)) {
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

function startsCloudInit(image: ImageView, init: string): boolean {
  if (init === "openrc") {
    const levels = ["boot", "default"].flatMap(level => image.names(`/etc/runlevels/${level}`));
    return levels.some(service => /^cloud-init(-local)?$/.test(service));
  }
  const isMasked = maskOf(image, "cloud-init.service") !== undefined;
  return init === "systemd" && !isMasked && cloudInitUnits.some(unit => isWanted(image, unit));
}
