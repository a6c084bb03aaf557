import { readAccounts } from "./accounts.ts";
import { type BootFinding, checkBootability, type InitKind } from "./bootability.ts";
import type { Digest } from "./digest.ts";
import { mergeLayers } from "./layers/merge-layers.ts";
import { rememberVerdict } from "./verdict.ts";
import { type SourceOptions, withPulledImage } from "./pull-into-cache.ts";

export interface ImageCheck {
  digest: Digest;
  canBoot: boolean;
  /** undefined when the image has no init */
  initKind: InitKind | undefined;
  findings: BootFinding[];
}

/** Pulls the image and says what would happen if a machine booted from it. Writes no drive. */
export async function checkImage(options: SourceOptions): Promise<ImageCheck> {
  return withPulledImage(options, async ({ image, findings, layers }) => {
    using merged = await mergeLayers(layers, options.signal);
    const { tree, payloads } = merged;
    const boot = checkBootability(tree, payloads);
    await rememberVerdict(options.paths, image, boot, readAccounts(tree, payloads));
    const all = [...findings, ...boot.findings, ...merged.warnings.map(layerWarning)];
    return {
      digest: image.digest,
      canBoot: !all.some(finding => finding.severity === "error"),
      initKind: boot.initKind,
      findings: all,
    };
  });
}

/** Something in a layer that had to be dropped or tolerated. */
function layerWarning(message: string): BootFinding {
  return { code: "image/layer-warning", severity: "info", message, path: "/", fix: "" };
}
