import { Problem } from "../api/problems.ts";
import type { Paths } from "../store/paths.ts";
import type { Digest } from "./digest.ts";
import { isNamedImage } from "./catalogue.ts";
import { rememberImage } from "./image-records.ts";
import { formatReference, type ImageReference, parseShortReference } from "./registry/reference.ts";

/**
 * Reads the name that somebody gives an image of this host. It means the same as where images are named, so that a
 * single word, which is a named image there, cannot be given away.
 */
export function parseGivenName(text: string): ImageReference {
  if (isNamedImage(text)) {
    throw new Problem("image/bad-reference", {
      message: `"${text}" is the name of an image of this installation or of the upstream catalogue`,
    });
  }
  const reference = parseShortReference(text);
  requireNoDigest(reference);
  return reference;
}

/** What a name that is given here says must not be decided already. */
export function requireNoDigest(reference: ImageReference): void {
  if (reference.digest === undefined) return;
  throw new Problem("image/bad-reference", {
    message: `${formatReference(reference)} has a digest; an image is named by a tag`,
  });
}

/** From here on the reference means this stored image on this host, until its registry is asked for it by a pull. */
export async function nameImage(paths: Paths, reference: ImageReference, digest: Digest): Promise<void> {
  await rememberImage(paths, { name: formatReference(reference), digest, origin: "built" });
}
