import type { Check } from "./finding.ts";
import { targetOf } from "./image-view.ts";

/** The shim deletes the first two and mounts over /run. */
const markers = ["/.dockerenv", "/.dockerinit", "/run/.containerenv", "/run/systemd/container"];

/** What all machines from this image would share, or what tells them something wrong about themselves. */
export const checkIdentity: Check = function* (image) {
  if (image.firstOf("/etc/os-release", "/usr/lib/os-release") === undefined) {
    yield {
      code: "boot/unknown-distribution",
      severity: "warning",
      message: "the image does not say which distribution it is",
      path: "/etc/os-release",
      fix: "Start from a distribution's image instead of an empty one.",
    };
  }
  for (const path of markers) {
    if (image.entry(path) === undefined) continue;
    yield {
      code: "boot/container-marker",
      severity: "info",
      message: `${path} would make the init system believe that it runs in a container; it is taken away at each start`,
      path,
      fix: `RUN rm -f ${path}  # in the last step of the build`,
    };
  }
  if (hasId(image.text("/etc/machine-id"))) {
    yield {
      code: "boot/shared-machine-id",
      severity: "info",
      message: "the image carries a machine id; each machine gets its own instead",
      path: "/etc/machine-id",
      fix: "RUN : > /etc/machine-id",
    };
  }
  const dbus = "/var/lib/dbus/machine-id";
  if (image.entry(dbus)?.type === "file" && hasId(image.text(dbus))) {
    yield {
      code: "boot/shared-dbus-id",
      severity: "warning",
      message: "D-Bus has a machine id of its own here, the same in all machines of this image",
      path: dbus,
      fix: `RUN ln -sf /etc/machine-id ${dbus}`,
    };
  }
  const keys = image.names("/etc/ssh").filter(name => /^ssh_host_.*_key$/.test(name));
  if (keys.length > 0) {
    // The platform writes this one anew for each machine, the others stay.
    const kept = keys.filter(name => name !== "ssh_host_ed25519_key");
    yield {
      code: "boot/shared-host-keys",
      severity: kept.length > 0 ? "warning" : "info",
      message:
        kept.length > 0
          ? `all machines of this image share the ssh host keys ${kept.join(", ")}, which everybody with the image knows`
          : "the image carries an ssh host key; each machine gets its own instead",
      path: `/etc/ssh/${kept[0] ?? keys[0]}`,
      fix: "RUN rm -f /etc/ssh/ssh_host_*",
    };
  }
  const resolver = "/etc/resolv.conf";
  const link = targetOf(image.entry(resolver));
  if (link !== undefined || /^nameserver\s+127\.0\.0\.11\b/m.test(image.text(resolver) ?? "")) {
    yield {
      code: "boot/resolver",
      severity: "info",
      message: `${resolver} ${link === undefined ? "names the resolver of a container engine" : `is a link to ${link}`}; it is replaced by the resolver of the play`,
      path: resolver,
      fix: `RUN rm -f ${resolver}  # nothing has to be done`,
    };
  }
};

function hasId(text: string | undefined): boolean {
  return /^[0-9a-f]{32}$/.test(text?.trim() ?? "");
}
