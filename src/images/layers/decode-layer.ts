import { closeSync, ftruncateSync, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { Problem } from "../../api/problems.ts";
import type { Paths } from "../../store/paths.ts";
import { blobFile, type BlobFollower, blobSize, ensureBlobFile, type FoundBlob } from "../blobs.ts";
import type { Digest } from "../digest.ts";
import type { ArchiveParts } from "../tar/header-copier.ts";
import { decodeHere, type DecoderPool, type Decoding } from "./decoder-pool.ts";
import { DecodeError } from "./inflate.ts";
import type { UnpackRoom } from "./unpack-room.ts";

const bombFloorBytes = 1024 ** 3;

export interface LayerBlob {
  digest: Digest;
  diffId: Digest;
  /** As promised; undefined: of a blob that is stored already. */
  sizeBytes?: number;
  /** For messages: "layer 2 of registry/repo:tag" */
  label: string;
}

export interface DecodeOptions {
  signal?: AbortSignal;
  onWait?: () => void;
  onDecoded?: (bytes: number) => void;
  /** Called when decoding begins, and again when it begins anew: who wants the headers of this try? */
  onBegin?: () => (parts: ArchiveParts) => void;
  /** Below this much content no ratio is suspicious. Default 1 GiB. */
  bombFloorBytes?: number;
  /** What all layers of its image together may be unpacked to. */
  room?: UnpackRoom | undefined;
  /** Threads to use; without them the layer is decoded in this one. */
  decoders?: DecoderPool;
  /** Brings the blob into the store while `follower` hears how far it is. Without it the blob must be there. */
  download?: (follower: BlobFollower) => Promise<void>;
}

/**
 * Makes sure that the uncompressed archive of a layer is in the blob store, under its diffID, and returns its path.
 *
 * A layer that has to be downloaded is decoded while it arrives, and its compressed form is dropped afterwards. Nothing
 * is kept unless its bytes have the promised digests.
 */
export async function decodeLayer(paths: Paths, layer: LayerBlob, options: DecodeOptions = {}): Promise<string> {
  const { signal, onWait, download } = options;
  if (layer.digest === layer.diffId) {
    await download?.({ begin: () => undefined, grow: () => undefined });
    return blobFile(paths, layer.digest);
  }
  return ensureBlobFile(
    paths,
    { digest: layer.diffId, label: `the unpacked ${layer.label}` },
    async partial => {
      const found = await decodeInto(partial, paths, layer, options);
      if (download !== undefined) await rm(blobFile(paths, layer.digest), { force: true });
      return found;
    },
    { ...(signal ? { signal } : {}), ...(onWait ? { onWait } : {}), isVolatile: true },
  );
}

async function decodeInto(partial: string, paths: Paths, layer: LayerBlob, options: DecodeOptions): Promise<FoundBlob> {
  const compressed = blobFile(paths, layer.digest);
  using output = new OpenFile(partial, "w");
  const start = (path: string, blobBytes: number) => new Attempt(path, output.fd, { ...layer, blobBytes }, options);
  let early: Attempt | undefined;
  try {
    await options.download?.({
      begin(path) {
        // What it has decoded so far is void; it is done over when everything is here.
        if (early !== undefined) early.giveUp();
        else if (layer.sizeBytes !== undefined) early = start(path, layer.sizeBytes);
      },
      grow: availableBytes => early?.grow(availableBytes),
    });
    const sizeBytes = await blobSize(paths, layer.digest);
    if (sizeBytes === undefined) {
      throw new Problem("image/damaged", { message: `${layer.label} is missing in the store` });
    }
    if (early !== undefined && !early.isGivenUp) return await early.finish(sizeBytes);
    await early?.end();
    ftruncateSync(output.fd);
    early = start(compressed, sizeBytes);
    return await early.finish(sizeBytes);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error instanceof DecodeError ? new Problem(error.code, { message: error.message, cause: error }) : error;
  } finally {
    await early?.end();
  }
}

/** One try to decode a file; it has come to rest when `end` resolves. */
class Attempt {
  isGivenUp = false;
  readonly #input: OpenFile;
  readonly #decoding: Decoding;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => this.giveUp();

  constructor(path: string, outputFd: number, layer: { label: string; blobBytes: number }, options: DecodeOptions) {
    this.#input = new OpenFile(path, "r");
    const task = {
      inputFd: this.#input.fd,
      outputFd,
      blobBytes: layer.blobBytes,
      bombFloorBytes: options.bombFloorBytes ?? bombFloorBytes,
      room: options.room,
      label: layer.label,
    };
    const listener = { onDecoded: options.onDecoded ?? (() => undefined), onHeaders: options.onBegin?.() };
    this.#decoding = options.decoders?.decode(task, listener) ?? decodeHere(task, listener);
    // Whoever finishes it gets the failure; that may be after the download.
    this.#decoding.result.catch(() => undefined);
    this.#signal = options.signal;
    this.#signal?.addEventListener("abort", this.#onAbort);
  }

  grow(availableBytes: number): void {
    if (!this.isGivenUp) this.#decoding.input.grow(availableBytes);
  }

  async finish(sizeBytes: number): Promise<FoundBlob> {
    this.#decoding.input.finish(sizeBytes);
    return this.#decoding.result;
  }

  giveUp(): void {
    this.isGivenUp = true;
    this.#decoding.input.fail(new Error("given up"));
  }

  async end(): Promise<void> {
    this.giveUp();
    await this.#decoding.result.catch(() => undefined);
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#input[Symbol.dispose]();
  }
}

class OpenFile implements Disposable {
  readonly fd: number;
  #isOpen = true;

  constructor(path: string, flags: "r" | "w") {
    this.fd = openSync(path, flags, 0o644);
  }

  [Symbol.dispose](): void {
    if (this.#isOpen) closeSync(this.fd);
    this.#isOpen = false;
  }
}
