import { availableParallelism } from "node:os";
import pLimit from "p-limit";
import { Problem } from "../api/problems.ts";
import type { Paths } from "../store/paths.ts";
import { type BlobSource, documentsOf, type TagTarget } from "./blob-source.ts";
import { type BlobFollower, blobSize, ensureBlob } from "./blobs.ts";
import type { Digest } from "./digest.ts";
import { largestImageBytes } from "./image-manifest.ts";
import { roomForImage } from "./image-room.ts";
import { decodeLayer } from "./layers/decode-layer.ts";
import { DecoderPool } from "./layers/decoder-pool.ts";
import { ImageBudget } from "./layers/image-budget.ts";
import { LayerReader } from "./layers/layer-reader.ts";
import type { DecodedLayer } from "./layers/merge-layers.ts";
import { readImageRecord, rememberImage, touchImage } from "./image-records.ts";
import { decodeInlineBlob } from "./inline-data.ts";
import { loadImage, type LoadedImage } from "./load-image.ts";
import type { Report } from "./progress.ts";
import { anonymousAccess, type RegistryAccess } from "./registry/access.ts";
import { MirroredClient } from "./registry/mirrored-client.ts";
import { formatReference, type ImageReference } from "./registry/reference.ts";
import type { ArchiveParts } from "./tar/header-copier.ts";

/**
 * Layers under way at once. Registries and object stores throttle by connection, and three fill an ordinary line; each
 * is decoded while it arrives, which takes about a core.
 */
const parallelLayers = Math.min(Math.max(availableParallelism(), 3), 6);

/** So long a tag is believed without asking its registry again. */
const tagFreshForMs = 5 * 60_000;

export interface PullOptions {
  paths: Paths;
  report: Report;
  /** Default: no credentials, no mirrors, no exceptions. */
  registries?: RegistryAccess | undefined;
  signal?: AbortSignal | undefined;
  /** Ask the registry also about what was built here under its name. */
  refresh?: boolean | undefined;
  /** Called, maybe more than once, when the image is not known here, so that its layers will have to be decoded. */
  onUnknown?: (() => void) | undefined;
}

export interface RegistryImage {
  image: LoadedImage;
  blobs: BlobSource;
  /** Set when the registry could not be asked and the last known digest of the tag was taken. */
  staleSince?: string;
}

/**
 * Finds out what a reference means and reads its documents, not its layers.
 *
 * A digest pin needs no network once its documents are stored, nor does what was built here under this name. Any other
 * tag is asked for each time, together with its document where that is not here; when its registry does not answer, the
 * digest it gave last is used and said so, otherwise the failure is the answer.
 */
export async function resolveRegistryImage(reference: ImageReference, options: PullOptions): Promise<RegistryImage> {
  const { paths, report, signal } = options;
  const name = formatReference(reference);
  const blobs = new MirroredClient(reference, options.registries ?? anonymousAccess(), signal);
  report("resolve", `looking up ${name}`);
  const { staleSince, isBuilt, ...target } = await targetOf(reference, blobs, options);
  const { digest } = target;
  if (blobs.quota !== undefined) report("resolve", blobs.quota);
  const image = await loadImage(paths, digest, name, documentsOf(blobs, options.onUnknown, target));
  if (image === undefined) throw new Error("an image with a source cannot be missing");
  if (isBuilt || staleSince !== undefined) await touchImage(paths, name);
  else await rememberImage(paths, { name, digest, origin: "registry" });
  return { image, blobs, ...(staleSince === undefined ? {} : { staleSince }) };
}

/**
 * The same from what is known here already, without any network; undefined when that is not enough, or when a tag was
 * looked up so long ago that it may have moved (`anyAge`: what it meant then).
 */
export async function recallRegistryImage(
  reference: ImageReference,
  paths: Paths,
  { anyAge = false }: { anyAge?: boolean } = {},
): Promise<LoadedImage | undefined> {
  const name = formatReference(reference);
  const known = await readImageRecord(paths, name);
  const isFresh =
    known !== undefined &&
    (anyAge || known.origin === "built" || Date.now() - Date.parse(known.resolvedAt) < tagFreshForMs);
  const digest = reference.digest ?? (isFresh ? known.digest : undefined);
  // Whoever asks about the past does not use the image.
  if (known !== undefined && !anyAge) await touchImage(paths, name);
  return digest === undefined ? undefined : loadImage(paths, digest, name, undefined);
}

export interface PullLayersOptions extends PullOptions {
  /** For images that are new here: `prepare` it while the documents are looked up. Default: one of this call's own. */
  decoders?: DecoderPool;
  /** The layers are merged next: their headers are read while they are decoded. */
  isMergedNext?: boolean;
}

/**
 * Brings all layers of an image into the store, uncompressed and verified, and returns their archives, lowest first.
 * The first failure ends the other downloads. Rejects with `image/too-large` when they unpack to more than the operator
 * allows an image, and with `host/disk-full` before the disk is.
 */
export async function pullLayers(
  image: LoadedImage,
  blobs: BlobSource | undefined,
  options: PullLayersOptions,
): Promise<DecodedLayer[]> {
  const { paths, report } = options;
  const roomOf = await roomForImage(paths, image, {
    maxBytes: options.registries?.maxImageBytes ?? largestImageBytes,
  });
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, ...(options.signal ? [options.signal] : [])]);
  const limit = pLimit(parallelLayers);
  const onWait = (label: string) => () => report("wait", `another process works on ${label} already`);
  await using own = options.decoders === undefined ? new DecoderPool() : undefined;
  const decoders = options.decoders ?? own;
  const readers = new Map<Digest, { index: number; reader: LayerReader }>();
  const budget = new ImageBudget();
  // Members that come early are worth most for the lowest layer: nothing of it has to wait for another.
  const readEarly = ({ diffId, label }: LoadedImage["layers"][number]) => {
    const index = image.layers.findIndex(layer => layer.diffId === diffId);
    const reader = new LayerReader(index, label, budget);
    // Once more, so what came the first time was not what the image promised.
    readers.get(diffId)?.reader.forget();
    readers.set(diffId, { index, reader });
    return (parts: ArchiveParts) => reader.add(parts);
  };

  const bring = (layer: LoadedImage["layers"][number]) =>
    limit(() =>
      decodeLayer(paths, layer, {
        ...(options.isMergedNext === true ? { onBegin: () => readEarly(layer) } : {}),
        signal,
        room: roomOf(layer.diffId),
        ...(decoders === undefined ? {} : { decoders }),
        onWait: onWait(layer.label),
        download: follower => download(layer, blobs, options, { signal, follower, onWait: onWait(layer.label) }),
        onDecoded: doneBytes => report("unpack", `unpacking ${layer.label}`, { doneBytes }),
      }),
    );
  // Some images have the same layer twice. The largest begins first: it decides when all are done.
  const jobs = new Map<Digest, Promise<string>>();
  for (const layer of image.layers.toSorted((a, b) => b.sizeBytes - a.sizeBytes)) {
    if (!jobs.has(layer.diffId)) jobs.set(layer.diffId, bring(layer));
  }
  const work = image.layers.map(async ({ diffId, label }, index): Promise<DecodedLayer> => {
    const path = (await jobs.get(diffId)) as string;
    const early = readers.get(diffId);
    return { path, label, ...(early?.index === index ? { reader: early.reader } : {}) };
  });
  for (const job of work) job.catch(error => failed.abort(error));
  // All of them have ended when this returns or throws: nobody writes behind the caller's back.
  const results = await Promise.allSettled(work);
  options.signal?.throwIfAborted();
  if (failed.signal.aborted) throw failed.signal.reason;
  return results.map(result => (result as PromiseFulfilledResult<DecodedLayer>).value);
}

async function download(
  layer: LoadedImage["layers"][number],
  blobs: BlobSource | undefined,
  { paths, report }: PullOptions,
  { signal, onWait, follower }: { signal: AbortSignal; onWait: () => void; follower: BlobFollower },
): Promise<void> {
  const { digest, sizeBytes, label, inline } = layer;
  const fill = () =>
    ensureBlob(
      paths,
      { digest, sizeBytes, label },
      async sink => {
        signal.throwIfAborted();
        if (inline !== undefined) {
          if (sink.sizeBytes > 0) await sink.restart();
          return sink.write(decodeInlineBlob(inline, label));
        }
        if (blobs === undefined) throw new Problem("image/damaged", { message: `${label} is missing in the store` });
        await blobs.blob(digest, sink, {
          signal,
          onBytes: doneBytes => report("pull", `pulling ${label}`, { doneBytes, totalBytes: sizeBytes }),
        });
      },
      // The compressed form goes when the layer is decoded; one that stays (plain, as ours) is kept for good.
      { signal, onWait, follower, resumable: true, isVolatile: digest !== layer.diffId },
    );
  try {
    await fill();
  } catch (error) {
    // Once more: a proxy may have damaged it. Twice the same is the image's own fault.
    if (!(error instanceof Problem) || error.code !== "image/damaged" || blobs === undefined) throw error;
    signal.throwIfAborted();
    await fill();
  }
}

async function targetOf(
  reference: ImageReference,
  client: MirroredClient,
  { paths, signal, refresh, onUnknown }: PullOptions,
): Promise<TagTarget & { staleSince?: string; isBuilt?: boolean }> {
  if (reference.digest !== undefined) return { digest: reference.digest };
  const known = await readImageRecord(paths, formatReference(reference));
  if (known?.origin === "built" && refresh !== true) return { digest: known.digest, isBuilt: true };
  const tag = reference.tag as string;
  const isHere = known !== undefined && (await blobSize(paths, known.digest)) !== undefined;
  if (!isHere) onUnknown?.();
  try {
    // What is not here has to be pulled anyway; of what is here, asking alone costs no pull.
    return await (isHere ? client.resolveTag(tag) : client.pullTag(tag));
  } catch (error) {
    signal?.throwIfAborted();
    const mayPass =
      error instanceof Problem && ["image/registry-unreachable", "image/rate-limited"].includes(error.code);
    if (!mayPass || known === undefined) throw error;
    return { digest: known.digest, staleSince: known.resolvedAt };
  }
}
