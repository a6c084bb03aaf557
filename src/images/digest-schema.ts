import * as z from "zod";
import { type Digest, foreignAlgorithm, isDigest } from "./digest.ts";

/** For documents of images. */
export const digestSchema = z.custom<Digest>(isDigest, "not a sha256 digest");

/** What to say of a document that only fails because it names content in a way that cannot be verified here. */
export function foreignDigestIn(json: unknown, error: z.ZodError): string | undefined {
  for (const { path } of error.issues) {
    const value = path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown> | undefined)?.[key], json);
    const algorithm = foreignAlgorithm(value);
    if (algorithm !== undefined) return `names content by ${algorithm} (${path.join(".")}); only sha256 is supported`;
  }
  return undefined;
}
