import { defaults } from "../manifest/limits.ts";
import type { Drive } from "../manifest/schema.ts";
import { sizeInMiB } from "../manifest/size.ts";
import type { DrivePlan, HostFacts } from "./plan.ts";

/** The drives of one machine in list order, which is also the order in which the guest sees them. */
export function planDrives(drives: readonly Drive[], imageAliases: HostFacts["imageAliases"]): DrivePlan[] {
  return drives.map((drive, index) => {
    const { source, mount, size, readOnly = false } = drive;
    const filesystem = filesystemOf(drive);
    return {
      index,
      device: `vd${String.fromCharCode("a".charCodeAt(0) + index)}`,
      ...(source === undefined ? {} : { source: resolveAlias(source, imageAliases) }),
      ...(mount === undefined ? {} : { mount }),
      sizeBytes: sizeInMiB(size ?? (mount === "/" ? defaults.rootDriveSize : defaults.extraDriveSize)) * 1024 * 1024,
      sizeIsExplicit: size !== undefined,
      ...(filesystem === undefined ? {} : { filesystem }),
      readOnly,
    };
  });
}

/** A drive that is neither filled nor mounted stays raw unless its author names a filesystem. */
function filesystemOf({ source, mount, filesystem }: Drive): Drive["filesystem"] {
  return filesystem ?? (source === undefined && mount === undefined ? undefined : defaults.filesystem);
}

/** An alias stands for a reference or for a named image, never for another alias: there is nothing to go round in. */
export function resolveAlias(source: string, aliases: HostFacts["imageAliases"]): string {
  return Object.hasOwn(aliases, source) ? (aliases[source] as string) : source;
}
