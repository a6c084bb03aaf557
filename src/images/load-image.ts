import { Problem } from "../api/problems.ts";
import type { Paths } from "../store/paths.ts";
import { readBlob, storeBlob } from "./blobs.ts";
import { type Digest, digestOf } from "./digest.ts";
import { type Descriptor, parseConfig, parseManifest, selectPlatform } from "./image-manifest.ts";
import { decodeInlineBlob, type InlineBlob } from "./inline-data.ts";

const maxConfigBytes = 8 * 1024 * 1024;
/** An index may point to indexes. */
const maxIndexDepth = 3;

/** The documents of one image for linux/amd64, read and checked. Its layers need not be here yet. */
export interface LoadedImage {
  /** As the tag or the author says; an index's digest where there is one. */
  digest: Digest;
  /** Shown to people. */
  name: string;
  /** Index, manifest and configuration: everything but the layers. */
  documents: Digest[];
  layers: Array<{ digest: Digest; sizeBytes: number; diffId: Digest; label: string; inline?: InlineBlob }>;
}

/** Fetches documents that the store lacks; undefined: there is nobody to ask. */
export interface DocumentSource {
  manifest(digest: Digest): Promise<Buffer>;
  document(descriptor: Descriptor): Promise<Buffer>;
}

/**
 * Reads an image from the store by its digest, fetching what is missing into the store. Without a source the answer
 * is undefined when something is missing.
 */
export async function loadImage(
  paths: Paths,
  digest: Digest,
  name: string,
  source: DocumentSource | undefined,
): Promise<LoadedImage | undefined> {
  let current = digest;
  let member: Descriptor | undefined;
  const documents: Digest[] = [];
  for (let depth = 0; depth <= maxIndexDepth; depth++) {
    const label = `the manifest of ${name}`;
    const fetch = source && (async () => inlineBytes(member, label) ?? source.manifest(current));
    const bytes = await stored(paths, current, label, fetch);
    if (bytes === undefined) return undefined;
    documents.push(current);
    const document = parseManifest(bytes, name);
    if (document.kind === "index") {
      member = selectPlatform(document, name);
      current = member.digest;
      continue;
    }
    const { config } = document;
    if (config.size > maxConfigBytes) {
      throw new Problem("image/too-large", { message: `${name} has a configuration of ${config.size} bytes` });
    }
    const configLabel = `the configuration of ${name}`;
    const configBytes = await stored(
      paths,
      config.digest,
      configLabel,
      source && (async () => inlineBytes(config, configLabel) ?? source.document(config)),
    );
    if (configBytes === undefined) return undefined;
    const { diffIds } = parseConfig(configBytes, document.layers.length, name);
    const layers = document.layers.map((layer, index) => ({
      digest: layer.digest,
      sizeBytes: layer.size,
      diffId: diffIds[index] as Digest,
      label: `layer ${index + 1} of ${document.layers.length} of ${name}`,
      ...(layer.data === undefined ? {} : { inline: { ...layer, data: layer.data } }),
    }));
    return { digest, name, documents: [...documents, config.digest], layers };
  }
  throw new Problem("image/unsupported", { message: `${name} has indexes nested more than ${maxIndexDepth} deep` });
}

function inlineBytes(descriptor: Descriptor | undefined, label: string): Buffer | undefined {
  if (descriptor?.data === undefined) return undefined;
  return decodeInlineBlob({ ...descriptor, data: descriptor.data }, label);
}

async function stored(
  paths: Paths,
  digest: Digest,
  label: string,
  fetch: (() => Promise<Buffer>) | undefined,
): Promise<Buffer | undefined> {
  const known = await readBlob(paths, digest);
  if (known !== undefined || fetch === undefined) return known;
  const bytes = await fetch();
  if (digestOf(bytes) !== digest) {
    throw new Problem("image/damaged", {
      message: `${label} should have the digest ${digest}, but its bytes have ${digestOf(bytes)}`,
    });
  }
  await storeBlob(paths, digest, bytes, label);
  return bytes;
}
