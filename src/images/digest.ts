import { createHash } from "node:crypto";

/** "sha256:" and 64 lower-case hex digits. */
export type Digest = `sha256:${string}`;

export function isDigest(text: unknown): text is Digest {
  return typeof text === "string" && /^sha256:[0-9a-f]{64}$/.test(text);
}

/** "sha512" of "sha512:…": a digest as the OCI image specification writes it, but not by sha256. */
export function foreignAlgorithm(text: unknown): string | undefined {
  if (typeof text !== "string" || text.length > 300) return undefined;
  const algorithm = /^([a-z0-9]+(?:[+._-][a-z0-9]+)*):[A-Za-z0-9=_-]{32,}$/.exec(text)?.[1];
  return algorithm === "sha256" ? undefined : algorithm;
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export function hexOf(digest: Digest): string {
  return digest.slice("sha256:".length);
}

/** The identity of a stack of layers: equal chains unpack to equal trees. As the OCI image specification defines it. */
export function chainIdOf(diffIds: readonly Digest[]): Digest {
  const [first, ...rest] = diffIds;
  if (first === undefined) return digestOf("");
  return rest.reduce((chain, diffId) => digestOf(`${chain} ${diffId}`), first);
}
