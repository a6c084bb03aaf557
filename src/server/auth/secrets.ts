import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** 256 random bits, safe in URLs, headers and cookies. */
export const newSecret = () => randomBytes(32).toString("base64url");

/** Identifiers that need not be secret. */
export const newId = () => randomBytes(12).toString("hex");

/** What is stored of a secret. Fast on purpose: 256 random bits cannot be guessed, so nothing is gained by slowness. */
export const sha256 = (secret: string) => createHash("sha256").update(secret).digest("hex");

export function secretMatches(secret: string, storedSha256: string): boolean {
  return timingSafeEqual(Buffer.from(sha256(secret), "hex"), Buffer.from(storedSha256, "hex"));
}
