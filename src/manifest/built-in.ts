import { checkManifest, type CheckedManifest } from "./check.ts";
import { noOffers, type Offers } from "./default-tabs.ts";
import { parseManifestYaml } from "./parse.ts";
import type { ManifestInput } from "./schema.ts";

/** A file of playgrounds/, read. */
export interface BuiltInFile extends CheckedManifest {
  offers: Offers;
}

const field = "offers";

/**
 * Reads a playground that comes with the installation: a manifest, and beside its fields `offers`, the list of what its
 * images bring (`ide`, `kexp`). That is the platform's knowledge of its own images, not part of the manifest: it is
 * neither stored nor dumped. A word that is not known is an error.
 */
export function readBuiltIn(source: string | Uint8Array): BuiltInFile {
  const parsed = parseManifestYaml(source);
  const { [field]: words = [], ...input } = (parsed.input ?? {}) as ManifestInput & { [field]?: unknown };
  const isKnown = Array.isArray(words) && words.every(word => Object.hasOwn(noOffers, String(word)));
  const offers = isKnown ? { ide: words.includes("ide"), kexp: words.includes("kexp") } : noOffers;
  const { manifest, findings } = checkManifest(
    { ...parsed, input: parsed.input === undefined ? undefined : input },
    { for: "create", offers },
  );
  const aboutManifest = findings.filter(finding => finding.path !== field);
  if (isKnown) return { manifest, findings: aboutManifest, offers };
  const message = `offers must be a list of: ${Object.keys(noOffers).join(", ")}`;
  return {
    manifest: undefined,
    findings: [{ code: "manifest/type", severity: "error", path: field, message }, ...aboutManifest],
    offers,
  };
}
