import { type FileHandle, open } from "node:fs/promises";
import { Readable } from "node:stream";
import { constants, createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from "node:zlib";
import { Problem } from "../../api/problems.ts";
import type { Paths } from "../../store/paths.ts";
import { blobFile, ensureBlob, type BlobSink } from "../blobs.ts";
import type { Digest } from "../digest.ts";

/** The default of 16 KiB costs a fifth more time. */
const chunkSize = 1024 * 1024;
const smallChunkSize = 64 * 1024;
/** 128 MiB: what a decoder must hold at once. Streams that ask for more are refused by zstd itself. */
const zstdWindowLogMax = 27;

/** No honest layer is much smaller than a hundredth of its content, apart from small ones full of zeros. */
const bombFloorBytes = 1024 ** 3;
const bombRatio = 100;

export interface LayerBlob {
  digest: Digest;
  diffId: Digest;
  /** For messages: "layer 2 of registry/repo:tag" */
  label: string;
}

export interface DecodeOptions {
  signal?: AbortSignal;
  onWait?: () => void;
  onDecoded?: (bytes: number) => void;
  /** Below this much content no ratio is suspicious. Default 1 GiB. */
  bombFloorBytes?: number;
}

/**
 * Makes sure that the uncompressed archive of a stored layer is in the blob store, under its diffID, and returns its
 * path. Nothing is kept unless its bytes have that diffID.
 */
export async function decodeLayer(paths: Paths, layer: LayerBlob, options: DecodeOptions = {}): Promise<string> {
  if (layer.digest === layer.diffId) return blobFile(paths, layer.digest);
  return ensureBlob(
    paths,
    { digest: layer.diffId, label: `the unpacked ${layer.label}` },
    sink => decodeInto(sink, blobFile(paths, layer.digest), layer, options),
    options,
  );
}

async function decodeInto(sink: BlobSink, path: string, layer: LayerBlob, options: DecodeOptions): Promise<void> {
  const file = await open(path, "r");
  try {
    const { size: sizeBytes } = await file.stat();
    const limitBytes = Math.max(options.bombFloorBytes ?? bombFloorBytes, sizeBytes * bombRatio);
    let total = 0;
    for await (const chunk of decodedChunks(file, sizeBytes, layer.label)) {
      options.signal?.throwIfAborted();
      total += chunk.length;
      if (total > limitBytes) {
        throw new Problem("image/too-large", {
          message: `${layer.label} unpacks to more than ${limitBytes} bytes although it has only ${sizeBytes}`,
        });
      }
      await sink.write(chunk);
      options.onDecoded?.(total);
    }
  } catch (error) {
    if (!isDecoderError(error)) throw error;
    throw new Problem("image/bad-layer", {
      message: `${layer.label} cannot be decompressed: ${(error as Error).message}`,
      cause: error,
    });
  } finally {
    await file.close();
  }
}

/**
 * The uncompressed bytes of a file that holds one compressed stream after another. Node's gunzip continues with the
 * next member by itself; its zstd decoder ends with the first frame, so the next one gets a decoder of its own.
 */
async function* decodedChunks(file: FileHandle, sizeBytes: number, label: string): AsyncGenerator<Buffer> {
  let lastFrameBytes = Number.POSITIVE_INFINITY;
  for (let start = 0; start < sizeBytes; start += lastFrameBytes) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(4), 0, 4, start);
    // Archives made for random access have thousands of small frames: large buffers for each would cost more than they.
    const decoder = decoderFor(buffer.subarray(0, bytesRead), lastFrameBytes < chunkSize ? smallChunkSize : chunkSize);
    if (decoder === undefined) {
      if (start > 0) await assertZeros(file, start, sizeBytes, label);
      else yield* chunksFrom(file, 0, sizeBytes);
      return;
    }
    const source = Readable.from(chunksFrom(file, start, sizeBytes), { highWaterMark: 1 });
    // pipe() does not forward failures of the source.
    source.on("error", error => decoder.destroy(error));
    try {
      yield* source.pipe(decoder) as AsyncIterable<Buffer>;
    } finally {
      source.destroy();
      decoder.destroy();
    }
    lastFrameBytes = decoder.bytesWritten;
    if (lastFrameBytes === 0) throw new Problem("image/bad-layer", { message: `${label} holds an empty stream` });
  }
}

/** Reads on from `start`, in steps that grow: a short frame should not cost a long read. */
async function* chunksFrom(file: FileHandle, start: number, sizeBytes: number): AsyncGenerator<Buffer> {
  let length = smallChunkSize;
  for (let position = start; position < sizeBytes; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, position);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
    length = Math.min(length * 2, chunkSize);
  }
}

/** Some tools pad what they write; anything else behind the last stream is not part of an honest layer. */
async function assertZeros(file: FileHandle, start: number, sizeBytes: number, label: string): Promise<void> {
  for await (const chunk of chunksFrom(file, start, sizeBytes)) {
    if (chunk.every(byte => byte === 0)) continue;
    throw new Problem("image/bad-layer", { message: `${label} goes on after its compressed data` });
  }
}

/** Media types lie; the first bytes do not. */
function decoderFor(magic: Buffer, outputChunkSize: number): Gunzip | ZstdDecompress | undefined {
  if (magic[0] === 0x1f && magic[1] === 0x8b) return createGunzip({ chunkSize: outputChunkSize });
  const word = magic.length === 4 ? magic.readUInt32LE() : 0;
  // A zstd frame, or a skippable one, with which seekable archives may begin.
  if (word === 0xfd2fb528 || (word & 0xfffffff0) >>> 0 === 0x184d2a50) {
    return createZstdDecompress({
      chunkSize: outputChunkSize,
      params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax },
    });
  }
  return undefined;
}

function isDecoderError(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" && /^(Z_|ZSTD_|ERR_ZLIB)/.test(code);
}
