import { targetOf } from "./image-view.ts";
import type { BootFinding, Check } from "./finding.ts";
import { type Family, installLine, reinstallLine } from "./distribution.ts";
import type { ImageView } from "./image-view.ts";

const ownUnits = "/etc/systemd/system";
const vendorUnits = ["/usr/lib/systemd/system", "/lib/systemd/system", "/usr/local/lib/systemd/system"];

/** What a machine needs and images for containers mask or leave out. */
const neededUnits: ReadonlyArray<{ names: readonly string[]; without: string; fix?: (family: Family) => string }> = [
  {
    names: ["systemd-udevd.service"],
    without: "devices do not appear and the boot waits for them",
    fix: family => installLine(family, "udev"),
  },
  {
    names: ["systemd-udev-trigger.service"],
    without: "devices do not appear and the boot waits for them",
    fix: family => installLine(family, "udev"),
  },
  { names: ["systemd-remount-fs.service"], without: "options of the root drive in /etc/fstab have no effect" },
  { names: ["systemd-tmpfiles-setup.service"], without: "directories that services need in /run and /tmp are missing" },
  { names: ["systemd-tmpfiles-setup-dev.service"], without: "device nodes that programs expect are missing" },
  { names: ["systemd-journald.service"], without: "there are no logs" },
  { names: ["systemd-logind.service"], without: "logins are not tracked and the power button does nothing" },
  {
    names: ["dbus.service", "dbus-broker.service"],
    without: "systemctl works for root only",
    fix: family => installLine(family, "dbus"),
  },
  {
    names: ["dbus.socket"],
    without: "systemctl works for root only, logins are not tracked",
    fix: family => installLine(family, "dbus"),
  },
  { names: ["getty.target"], without: "nobody can log in on the console" },
  { names: ["serial-getty@.service"], without: "nobody can log in on the serial console" },
  { names: ["multi-user.target"], without: "no service is started" },
];

/**
 * Links by which the vendor's units pull each other in; some Dockerfiles remove whole directories of them. Left out is
 * what sockets, D-Bus or a generator start as well.
 */
const neededWants = [
  "sysinit.target.wants/systemd-udev-trigger.service",
  "sysinit.target.wants/systemd-tmpfiles-setup.service",
  "multi-user.target.wants/getty.target",
];

const targetsOfMachines = ["multi-user.target", "graphical.target"];

export const checkUnits: Check = function* (image, init) {
  if (init !== "systemd") return;
  for (const { names, without, fix } of neededUnits) {
    const masks = names.map(name => maskOf(image, name));
    const mask = masks.find(path => path !== undefined);
    const name = names[0] as string;
    if (mask !== undefined && masks.every(path => path !== undefined)) {
      yield {
        code: "boot/masked-unit",
        severity: "warning",
        message: `${name} is masked, as images for containers do: ${without}`,
        path: mask,
        fix: mask.startsWith(ownUnits)
          ? `RUN systemctl unmask ${name}`
          : `RUN rm -f ${mask} && ${reinstallLine(image.family, "init", "udev").slice(4)}`,
      };
    } else if (!names.some(each => hasUnit(image, each))) {
      yield {
        code: "boot/missing-unit",
        severity: "warning",
        message: `${name} is not in the image: ${without}`,
        path: `${vendorUnits[0]}/${name}`,
        fix: fix?.(image.family) ?? installLine(image.family, "init"),
      };
    }
  }
  const unwanted = neededWants.filter(want => {
    const unit = unitOf(want);
    return hasUnit(image, unit) && !isWanted(image, unit);
  });
  if (unwanted.length > 0) {
    yield {
      code: "boot/unit-not-started",
      severity: "warning",
      message: `nothing starts ${unwanted.map(unitOf).join(", ")}: the links of systemd's package have been removed`,
      path: `${vendorUnits[0]}/${unwanted[0]}`,
      fix: reinstallLine(image.family, "init", "udev"),
    };
  }
  yield* checkDefaultTarget(image);
};

function* checkDefaultTarget(image: ImageView): Generator<BootFinding> {
  const path = [ownUnits, ...vendorUnits]
    .map(directory => `${directory}/default.target`)
    .find(candidate => image.entry(candidate) !== undefined);
  const found = path === undefined ? undefined : image.find(path);
  const fix = "RUN systemctl set-default multi-user.target";
  if (path === undefined || found === undefined) {
    yield {
      code: "boot/default-target",
      severity: "warning",
      message: `default.target ${path === undefined ? "does not exist" : "leads nowhere"}: systemd ends in its rescue shell`,
      path: path ?? `${ownUnits}/default.target`,
      fix,
    };
    return;
  }
  const target = found.path.slice(found.path.lastIndexOf("/") + 1);
  if (target === "default.target" || targetsOfMachines.includes(target)) return;
  yield {
    code: "boot/default-target",
    severity: "warning",
    message: `the machine starts ${target}, not multi-user.target`,
    path,
    fix,
  };
}

function unitOf(want: string): string {
  return want.slice(want.indexOf("/") + 1);
}

/** Where the unit is masked, undefined when it is not. */
export function maskOf(image: ImageView, unit: string): string | undefined {
  for (const directory of [ownUnits, ...vendorUnits]) {
    const path = `${directory}/${unit}`;
    const node = image.entry(path);
    if (node === undefined) continue;
    // The first directory that has the name decides.
    return targetOf(node) === "/dev/null" || (node.type === "file" && node.size === 0) ? path : undefined;
  }
  return undefined;
}

export function hasUnit(image: ImageView, unit: string): boolean {
  return unitFile(image, unit) !== undefined;
}

function unitFile(image: ImageView, unit: string): string | undefined {
  return image.firstOf(...[ownUnits, ...vendorUnits].map(directory => `${directory}/${unit}`));
}

/** Whether something starts the unit at boot: a link in a directory of wants or requires. */
export function isWanted(image: ImageView, unit: string): boolean {
  return [ownUnits, ...vendorUnits].some(directory =>
    image
      .names(directory)
      .filter(name => /\.(wants|requires|upholds)$/.test(name))
      .some(name => image.entry(`${directory}/${name}/${unit}`) !== undefined),
  );
}
