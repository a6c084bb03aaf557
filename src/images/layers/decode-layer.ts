import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Transform } from "node:stream";
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import { Problem } from "../../api/problems.ts";
import type { Paths } from "../../store/paths.ts";
import { blobFile, ensureBlob, type BlobSink } from "../blobs.ts";
import type { Digest } from "../digest.ts";

/** The default of 16 KiB costs a fifth more time. */
const chunkSize = 1024 * 1024;
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
  const { magic, sizeBytes } = await peek(path);
  const source = createReadStream(path, { highWaterMark: chunkSize });
  const decoder = decoderFor(magic);
  const decoded = decoder === undefined ? source : source.pipe(decoder);
  // pipe() does not forward failures of the source.
  source.on("error", error => decoder?.destroy(error));
  const limitBytes = Math.max(bombFloorBytes, sizeBytes * bombRatio);
  let total = 0;
  try {
    for await (const chunk of decoded as AsyncIterable<Buffer>) {
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
    source.destroy();
    decoder?.destroy();
  }
}

/** Media types lie; the first bytes do not. */
function decoderFor(magic: Buffer): Transform | undefined {
  if (magic[0] === 0x1f && magic[1] === 0x8b) return createGunzip({ chunkSize });
  const word = magic.length === 4 ? magic.readUInt32LE() : 0;
  // A zstd frame, or a skippable one, with which seekable archives may begin.
  if (word === 0xfd2fb528 || (word & 0xfffffff0) >>> 0 === 0x184d2a50) {
    return createZstdDecompress({ chunkSize, params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax } });
  }
  return undefined;
}

async function peek(path: string): Promise<{ magic: Buffer; sizeBytes: number }> {
  const file = await open(path, "r");
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return { magic: buffer.subarray(0, bytesRead), sizeBytes: (await file.stat()).size };
  } finally {
    await file.close();
  }
}

function isDecoderError(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" && /^(Z_|ZSTD_|ERR_ZLIB)/.test(code);
}
