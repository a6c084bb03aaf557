import pLimit from "p-limit";
import { Problem } from "../api/problems.ts";
import type { Paths } from "../store/paths.ts";
import { blobSize, ensureBlob } from "./blobs.ts";
import type { Digest } from "./digest.ts";
import type { Descriptor } from "./image-manifest.ts";
import { decodeLayer } from "./layers/decode-layer.ts";
import { type DocumentSource, loadImage, type LoadedImage } from "./load-image.ts";
import type { Report } from "./progress.ts";
import { formatReference, type ImageReference } from "./registry/reference.ts";
import { RegistryClient } from "./registry/registry-client.ts";
import type { Credentials } from "./registry/token.ts";
import { readResolvedReferences, rememberReference } from "./resolved-references.ts";

/** Registries and object stores throttle by connection; three fill an ordinary line. */
const parallelDownloads = 3;
/** Each occupies about a core. */
const parallelDecoders = 2;

/** So long a tag is believed without asking its registry again. */
const tagFreshForMs = 5 * 60_000;

export interface PullOptions {
  paths: Paths;
  report: Report;
  /** undefined or null: pull without any */
  credentialsFor?: ((registry: string) => Promise<Credentials | undefined>) | undefined;
  signal?: AbortSignal | undefined;
}

export interface RegistryImage {
  image: LoadedImage;
  client: RegistryClient;
  /** Set when the registry could not be asked and the last known digest of the tag was taken. */
  staleSince?: string;
}

/**
 * Finds out what a reference means and reads its documents, not its layers.
 *
 * A digest pin needs no network once its documents are stored. A tag is asked for each time; when its registry does
 * not answer, the digest it gave last is used and said so, otherwise the failure is the answer.
 */
export async function resolveRegistryImage(reference: ImageReference, options: PullOptions): Promise<RegistryImage> {
  const { paths, report } = options;
  const name = formatReference(reference);
  const credentials = await options.credentialsFor?.(reference.registry);
  const client = new RegistryClient(reference, {
    ...(credentials ? { credentials } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  report("resolve", `looking up ${name}`);
  const { digest, staleSince } = await digestFor(reference, client, paths, options.signal);
  const image = await loadImage(paths, digest, name, documentsOf(client));
  if (image === undefined) throw new Error("an image with a source cannot be missing");
  if (reference.digest === undefined && staleSince === undefined) await rememberReference(paths, name, digest);
  return { image, client, ...(staleSince === undefined ? {} : { staleSince }) };
}

/**
 * The same from what is known here already, without any network; undefined when that is not enough, or when a tag was
 * looked up so long ago that it may have moved.
 */
export async function recallRegistryImage(reference: ImageReference, paths: Paths): Promise<LoadedImage | undefined> {
  const name = formatReference(reference);
  const known = reference.digest === undefined ? (await readResolvedReferences(paths))[name] : undefined;
  const isFresh = known !== undefined && Date.now() - Date.parse(known.resolvedAt) < tagFreshForMs;
  const digest = reference.digest ?? (isFresh ? known.digest : undefined);
  return digest === undefined ? undefined : loadImage(paths, digest, name, undefined);
}

/**
 * Brings all layers of an image into the store, uncompressed and verified, and returns the paths of their archives,
 * lowest first. The first failure ends the other downloads.
 */
export async function pullLayers(
  image: LoadedImage,
  client: RegistryClient | undefined,
  options: PullOptions,
): Promise<Array<{ path: string; label: string }>> {
  const { paths, report } = options;
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, ...(options.signal ? [options.signal] : [])]);
  const downloads = pLimit(parallelDownloads);
  const decoders = pLimit(parallelDecoders);
  const onWait = (label: string) => () => report("wait", `another process works on ${label} already`);

  const work = image.layers.map(async layer => {
    if ((await blobSize(paths, layer.diffId)) === undefined) {
      await downloads(() => download(layer, client, options, signal, onWait(layer.label)));
    }
    const path = await decoders(() =>
      decodeLayer(paths, layer, {
        signal,
        onWait: onWait(layer.label),
        onDecoded: doneBytes => report("unpack", `unpacking ${layer.label}`, { doneBytes }),
      }),
    );
    return { path, label: layer.label };
  });
  for (const job of work) job.catch(error => failed.abort(error));
  // All of them have ended when this returns or throws: nobody writes behind the caller's back.
  const results = await Promise.allSettled(work);
  options.signal?.throwIfAborted();
  if (failed.signal.aborted) throw failed.signal.reason;
  return results.map(result => (result as PromiseFulfilledResult<{ path: string; label: string }>).value);
}

async function download(
  layer: LoadedImage["layers"][number],
  client: RegistryClient | undefined,
  options: PullOptions,
  signal: AbortSignal,
  onWait: () => void,
): Promise<void> {
  const { paths, report } = options;
  const { digest, sizeBytes, label } = layer;
  const fill = () =>
    ensureBlob(
      paths,
      { digest, sizeBytes, label },
      async sink => {
        signal.throwIfAborted();
        if (client === undefined) throw new Problem("image/damaged", { message: `${label} is missing in the store` });
        await client.blob(digest, sink, {
          signal,
          onBytes: doneBytes => report("pull", `pulling ${label}`, { doneBytes, totalBytes: sizeBytes }),
        });
      },
      { signal, onWait },
    );
  try {
    await fill();
  } catch (error) {
    // Once more: a proxy may have damaged it. Twice the same is the image's own fault.
    if (!(error instanceof Problem) || error.code !== "image/damaged" || client === undefined) throw error;
    signal.throwIfAborted();
    await fill();
  }
}

async function digestFor(
  reference: ImageReference,
  client: RegistryClient,
  paths: Paths,
  signal: AbortSignal | undefined,
): Promise<{ digest: Digest; staleSince?: string }> {
  if (reference.digest !== undefined) return { digest: reference.digest };
  try {
    return { digest: await client.resolveTag(reference.tag as string) };
  } catch (error) {
    signal?.throwIfAborted();
    const known = (await readResolvedReferences(paths))[formatReference(reference)];
    const mayPass =
      error instanceof Problem && ["image/registry-unreachable", "image/rate-limited"].includes(error.code);
    if (!mayPass || known === undefined) throw error;
    return { digest: known.digest, staleSince: known.resolvedAt };
  }
}

function documentsOf(client: RegistryClient): DocumentSource {
  return {
    manifest: digest => client.manifest(digest),
    document: async (descriptor: Descriptor) => {
      const chunks: Uint8Array[] = [];
      let size = 0;
      await client.blob(descriptor.digest, {
        async write(chunk) {
          size += chunk.length;
          if (size > descriptor.size) {
            throw new Problem("image/damaged", {
              message: `the blob ${descriptor.digest} is larger than the ${descriptor.size} bytes it was announced with`,
            });
          }
          chunks.push(chunk);
        },
        async restart() {
          chunks.length = size = 0;
        },
      });
      return Buffer.concat(chunks);
    },
  };
}
