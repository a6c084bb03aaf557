import type { Check } from "./finding.ts";

/** systemd makes its serial console from the kernel's command line; the others have tables. */
export const checkConsoles: Check = function* (image, init) {
  const table = "/etc/inittab";
  if ((init === "openrc" || init === "busybox") && image.exists(table)) {
    const hasSerial = image.lines(table).some(line => /\bttyS0\b/.test(line) || /^console::.*(getty|sh)\b/.test(line));
    if (!hasSerial) {
      yield {
        code: "boot/no-console-login",
        severity: "warning",
        message: "nothing offers a login on the serial console",
        path: table,
        fix: `RUN echo 'ttyS0::respawn:/sbin/getty -L ttyS0 115200 vt100' >> ${table}`,
      };
    }
  }
  const secure = "/etc/securetty";
  if (image.exists(secure) && !image.lines(secure).includes("ttyS0")) {
    yield {
      code: "boot/securetty",
      severity: "info",
      message: "root may not log in by password on the serial console: it is not in /etc/securetty",
      path: secure,
      fix: `RUN echo ttyS0 >> ${secure}`,
    };
  }
  const configuration = "/etc/rc.conf";
  const system = image.lines(configuration).findLast(line => /^rc_sys=/.test(line));
  if (init === "openrc" && system !== undefined && !/^rc_sys=(""|'')?$/.test(system)) {
    yield {
      code: "boot/openrc-container",
      severity: "warning",
      message: `${system} makes OpenRC leave out devices and file systems, as in a container`,
      path: configuration,
      fix: `RUN sed -i 's/^rc_sys=.*/rc_sys=""/' ${configuration}`,
    };
  }
  if (init === "openrc") {
    const missing = ["devfs", "sysfs"].filter(
      service => image.entry(`/etc/runlevels/sysinit/${service}`) === undefined,
    );
    if (missing.length > 0) {
      yield {
        code: "boot/openrc-services",
        severity: "warning",
        message: `OpenRC does not start ${missing.join(" and ")} at boot`,
        path: "/etc/runlevels/sysinit",
        fix: `RUN ${missing.map(service => `rc-update add ${service} sysinit`).join(" && ")}`,
      };
    }
  }
};
