import { Readable } from "node:stream";
import { constants, createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from "node:zlib";
import type { GrowingFile } from "./growing-file.ts";
import { SyncGunzip } from "./gunzip.ts";

/** The default of 16 KiB costs a fifth more time. */
const chunkSize = 1024 * 1024;
const smallChunkSize = 64 * 1024;
/** So much is inflated ahead in another thread while what came before is hashed and written. */
const aheadBytes = 4 * chunkSize;
/** 128 MiB: what a decoder must hold at once. Streams that ask for more are refused by zstd itself. */
const zstdWindowLogMax = 27;

/** A layer that cannot be decoded, or must not. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
  readonly code: "image/bad-layer" | "image/too-large" | "host/disk-full";

  constructor(code: DecodeError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Of gzip, read at once. */
const inputBytes = 256 * 1024;
const hasSyncGunzip = SyncGunzip.isAvailable();

/**
 * The uncompressed bytes of a file that holds one compressed stream after another; each piece is valid until the next
 * is asked for. Node's gunzip continues with the next member by itself; its zstd decoder ends with the first frame, so
 * the next one gets a decoder of its own.
 */
export async function* decodedChunks(file: GrowingFile, label: string): AsyncGenerator<Buffer> {
  let lastFrameBytes = Number.POSITIVE_INFINITY;
  for (let start = 0; ; start += lastFrameBytes) {
    const magic = await readMagic(file, start);
    if (magic.length === 0) return;
    if (hasSyncGunzip && isGzip(magic)) {
      lastFrameBytes = yield* gunzippedChunks(file, start);
      continue;
    }
    // Archives made for random access have thousands of small frames: large buffers for each would cost more than they.
    const decoder = decoderFor(magic, lastFrameBytes < chunkSize ? smallChunkSize : chunkSize);
    if (decoder === undefined) {
      if (start > 0) await assertZeros(file, start, label);
      else yield* chunksFrom(file, 0);
      return;
    }
    const source = Readable.from(chunksFrom(file, start), { highWaterMark: 1 });
    // pipe() does not forward failures of the source.
    source.on("error", error => decoder.destroy(error));
    try {
      yield* source.pipe(decoder) as AsyncIterable<Buffer>;
    } finally {
      source.destroy();
      decoder.destroy();
    }
    lastFrameBytes = decoder.bytesWritten;
    if (lastFrameBytes === 0) throw new DecodeError("image/bad-layer", `${label} holds an empty stream`);
  }
}

export function isDecoderError(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" && /^(Z_|ZSTD_|ERR_ZLIB)/.test(code);
}

/** Up to four bytes, fewer only at the end of the file. */
async function readMagic(file: GrowingFile, position: number): Promise<Buffer> {
  let magic = Buffer.alloc(0);
  while (magic.length < 4) {
    const more = await file.read(position + magic.length, 4 - magic.length);
    if (more.length === 0) break;
    magic = Buffer.concat([magic, more]);
  }
  return magic;
}

/** Reads on from `start`, in steps that grow: a short frame should not cost a long read. */
async function* chunksFrom(file: GrowingFile, start: number): AsyncGenerator<Buffer> {
  let length = smallChunkSize;
  for (let position = start; ; length = Math.min(length * 2, chunkSize)) {
    const chunk = await file.read(position, length);
    if (chunk.length === 0) return;
    yield chunk;
    position += chunk.length;
  }
}

/** Returns how long the members are together. */
async function* gunzippedChunks(file: GrowingFile, start: number): AsyncGenerator<Buffer, number> {
  using gunzip = new SyncGunzip();
  const buffer = Buffer.allocUnsafeSlow(inputBytes);
  for (let position = start; ; ) {
    const input = await file.readInto(buffer, position);
    yield* gunzip.inflate(input);
    if (gunzip.isEnded || input.length === 0) return gunzip.consumedBytes;
    position += input.length;
    // Nobody else gets a turn while all input is there: whoever wants this to stop, or a server its requests.
    await new Promise(resolve => setImmediate(resolve));
  }
}

const isGzip = (magic: Buffer) => magic[0] === 0x1f && magic[1] === 0x8b;

/** Some tools pad what they write; anything else behind the last stream is not part of an honest layer. */
async function assertZeros(file: GrowingFile, start: number, label: string): Promise<void> {
  for await (const chunk of chunksFrom(file, start)) {
    if (chunk.every(byte => byte === 0)) continue;
    throw new DecodeError("image/bad-layer", `${label} goes on after its compressed data`);
  }
}

/** Media types lie; the first bytes do not. */
function decoderFor(magic: Buffer, outputChunkSize: number): Gunzip | ZstdDecompress | undefined {
  const options = { chunkSize: outputChunkSize, readableHighWaterMark: aheadBytes };
  if (isGzip(magic)) return createGunzip(options);
  const word = magic.length === 4 ? magic.readUInt32LE() : 0;
  // A zstd frame, or a skippable one, with which seekable archives may begin.
  if (word === 0xfd2fb528 || (word & 0xfffffff0) >>> 0 === 0x184d2a50) {
    return createZstdDecompress({ ...options, params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax } });
  }
  return undefined;
}
