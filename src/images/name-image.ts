import { Problem } from "../api/problems.ts";
import type { Paths } from "../store/paths.ts";
import type { Digest } from "./digest.ts";
import { rememberImage } from "./image-records.ts";
import { formatReference, type ImageReference } from "./registry/reference.ts";

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
