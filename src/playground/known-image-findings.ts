import { knownFindings } from "../images/verdict.ts";
import type { Manifest } from "../manifest/schema.ts";
import type { Paths } from "../store/paths.ts";

/** What somebody who saves a manifest should know of one of its images. */
export interface ImageFinding {
  code: string;
  message: string;
  /** Of the source in the manifest. */
  path: string;
}

/**
 * What would stop the machines of this manifest from booting, or make them worse, as far as the images of their root
 * drives are known on this host. Nothing is pulled for it.
 */
export async function knownImageFindings(manifest: Manifest, paths: Paths): Promise<ImageFinding[]> {
  const found: ImageFinding[] = [];
  for (const [machineIndex, machine] of manifest.playground.machines.entries()) {
    for (const [driveIndex, { source, mount }] of (machine.drives ?? []).entries()) {
      if (source === undefined || mount !== "/") continue;
      const known = await knownFindings(paths, source);
      for (const { severity, code, message, fix } of known?.findings ?? []) {
        if (severity === "info") continue;
        const consequence = severity === "error" ? " (the machine will not start)" : "";
        found.push({
          code,
          message: `${known?.reference}: ${message}${consequence}${fix === "" ? "" : `. To mend it: ${fix}`}`,
          path: `playground.machines[${machineIndex}].drives[${driveIndex}].source`,
        });
      }
    }
  }
  return found;
}
