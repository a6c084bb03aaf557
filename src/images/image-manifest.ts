import * as z from "zod";
import { Problem } from "../api/problems.ts";
import type { Digest } from "./digest.ts";
import { digestSchema, foreignDigestIn } from "./digest-schema.ts";
import { firstIssue } from "./first-issue.ts";

const maxLayers = 512;
/** As large as the largest drive: of all layers together, as they are sent and as they are unpacked. */
export const largestImageBytes = 100 * 1024 ** 3;

const descriptorSchema = z.object({
  mediaType: z.string().max(255).default(""),
  digest: digestSchema,
  size: z.int().min(0).max(largestImageBytes),
  urls: z.array(z.string()).optional(),
  /** The blob itself in base64, of small ones. No longer than the document, which is bounded. */
  data: z.string().optional(),
});
const platformSchema = z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() });
const indexSchema = z.object({
  manifests: z.array(descriptorSchema.extend({ platform: platformSchema.optional() })).max(1000),
});
const manifestSchema = z.object({
  config: descriptorSchema,
  layers: z.array(descriptorSchema).max(maxLayers),
});
const configSchema = z.object({
  architecture: z.string(),
  os: z.string(),
  rootfs: z.object({ diff_ids: z.array(digestSchema).max(maxLayers) }),
});

export type Descriptor = z.infer<typeof descriptorSchema>;

export type ManifestDocument =
  | { kind: "index"; candidates: Array<Descriptor & { platform?: Platform | undefined }> }
  | { kind: "image"; config: Descriptor; layers: Descriptor[] };

export interface Platform {
  os: string;
  architecture: string;
  variant?: string | undefined;
}

export interface ImageConfig {
  platform: Platform;
  diffIds: Digest[];
}

/** Reads a manifest or an index by its shape, because media types are missing or wrong often enough. */
export function parseManifest(bytes: Buffer, name: string): ManifestDocument {
  const json = parseJson(bytes, name);
  if (json.schemaVersion === 1) {
    throw unsupported(name, "uses the old manifest format (schema 1)", "Push it again with a current tool.");
  }
  if (Array.isArray(json.manifests)) {
    return { kind: "index", candidates: read(indexSchema, json, name).manifests };
  }
  const { config, layers } = read(manifestSchema, json, name);
  if (!/container\.image|oci\.image\.config|^$/.test(config.mediaType)) {
    throw unsupported(name, `is not a container image but an artifact of type "${config.mediaType}"`);
  }
  for (const [index, { mediaType, urls }] of layers.entries()) {
    if (mediaType.includes("encrypted")) throw unsupported(name, "has encrypted layers");
    const [url] = urls ?? [];
    if (url !== undefined) {
      throw unsupported(
        name,
        `keeps layer ${index + 1} of ${layers.length} outside of its registry, on ${hostOf(url)} (a foreign layer)`,
        "Layers are fetched from the image's own registry only. Push a copy of the image that holds this layer itself.",
      );
    }
  }
  const total = layers.reduce((sum, layer) => sum + layer.size, 0);
  if (total > largestImageBytes) {
    throw new Problem("image/too-large", {
      message: `${name} has ${total} bytes of layers; the limit is ${largestImageBytes}`,
    });
  }
  return { kind: "image", config, layers };
}

/** The linux/amd64 member of an index, or the only one that does not say what it is for; never an attestation. */
export function selectPlatform(index: ManifestDocument & { kind: "index" }, name: string): Descriptor {
  const fits = index.candidates.filter(({ platform }) => platform?.os === "linux" && platform.architecture === "amd64");
  // The plainest variant runs everywhere; v2 to v4 ask for newer processors.
  const found = fits.toSorted((a, b) => variantRank(a.platform?.variant) - variantRank(b.platform?.variant))[0];
  if (found !== undefined) return found;
  // Its own index or configuration tells what it is for.
  const [only, ...others] = index.candidates.filter(({ platform }) => platform === undefined);
  if (only !== undefined && others.length === 0) return only;
  const offered = index.candidates
    .map(({ platform }) => (platform === undefined ? "unnamed" : platformName(platform)))
    .filter(text => text !== "unknown/unknown");
  throw new Problem("image/wrong-platform", {
    message: `${name} is not built for linux/amd64 (it has: ${[...new Set(offered)].join(", ") || "nothing"})`,
  });
}

/** Reads an image configuration; refuses what is not linux/amd64, and a number of layers other than the manifest's. */
export function parseConfig(bytes: Buffer, layerCount: number, name: string): ImageConfig {
  const config = read(configSchema, parseJson(bytes, name), name);
  const platform = { os: config.os, architecture: config.architecture };
  if (platform.os !== "linux" || platform.architecture !== "amd64") {
    throw new Problem("image/wrong-platform", {
      message: `${name} is built for ${platformName(platform)}, not linux/amd64`,
    });
  }
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== layerCount) {
    throw new Problem("image/damaged", {
      message: `${name} lists ${layerCount} of its layers in the manifest and ${diffIds.length} in the configuration`,
    });
  }
  return { platform, diffIds };
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "an address that cannot be read";
}

function variantRank(variant: string | undefined): number {
  return variant === undefined || variant === "" ? 0 : Number(/^v(\d)$/.exec(variant)?.[1] ?? 9);
}

function platformName({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter(Boolean).join("/");
}

function parseJson(bytes: Buffer, name: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(bytes.toString("utf8"));
    if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  } catch {
    // Reported below, together with JSON that is no object.
  }
  throw new Problem("image/damaged", { message: `${name} has a manifest or configuration that is not a JSON object` });
}

function read<T extends z.ZodType>(schema: T, json: unknown, name: string): z.output<T> {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const foreign = foreignDigestIn(json, result.error);
  if (foreign !== undefined) throw unsupported(name, foreign, "Push it again with a tool that uses sha256.");
  throw new Problem("image/damaged", {
    message: `${name} has a malformed manifest or configuration: ${firstIssue(result.error)}`,
  });
}

function unsupported(name: string, why: string, hint?: string): Problem {
  return new Problem("image/unsupported", { message: `${name} ${why}`, ...(hint === undefined ? {} : { hint }) });
}
