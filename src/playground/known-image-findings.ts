import { checkUsers } from "../images/check-users.ts";
import { knownFindings } from "../images/verdict.ts";
import type { Manifest } from "../manifest/schema.ts";
import type { Paths } from "../store/paths.ts";

/** What somebody who saves a manifest should know of one of its images. */
export interface ImageFinding {
  code: string;
  message: string;
  /** Of the source in the manifest, or of the name that the image does not know. */
  path: string;
}

/**
 * What would stop the machines of this manifest from booting, or make them worse, as far as the images of their root
 * drives are known on this host, accounts that these lack among it. Nothing is pulled for it.
 */
export async function knownImageFindings(manifest: Manifest, paths: Paths): Promise<ImageFinding[]> {
  const found: ImageFinding[] = [];
  for (const [machineIndex, machine] of manifest.playground.machines.entries()) {
    for (const [driveIndex, { source, mount }] of (machine.drives ?? []).entries()) {
      if (source === undefined || mount !== "/") continue;
      const known = await knownFindings(paths, source);
      const at = `playground.machines[${machineIndex}]`;
      if (known?.accounts !== undefined) {
        const { name, users, startupFiles = [] } = machine;
        const image = { reference: known.reference, ...known.accounts };
        for (const { code, message, where } of checkUsers({ name, users, startupFiles }, image)) {
          found.push({ code, message: `${message} (the machine will not start)`, path: `${at}.${where?.path}` });
        }
      }
      for (const { severity, code, message, fix } of known?.findings ?? []) {
        if (severity === "info") continue;
        const consequence = severity === "error" ? " (the machine will not start)" : "";
        found.push({
          code,
          message: `${known?.reference}: ${message}${consequence}${fix === "" ? "" : `. To mend it: ${fix}`}`,
          path: `${at}.drives[${driveIndex}].source`,
        });
      }
    }
  }
  return found;
}
