import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { constants, type FileHandle, mkdir, open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { uptime } from "node:os";
import { join } from "node:path";
import { Problem } from "../api/problems.ts";
import { BlobWriter } from "./blob-writer.ts";
import { blobsDirectory, imageLockFile, type Paths, partialBlobsDirectory } from "../store/paths.ts";
import { type Digest, hexOf } from "./digest.ts";
import { withExclusiveLock } from "./exclusive-lock.ts";

/** Takes bytes in order; resolves when it wants more. */
export interface BlobSink {
  /** So many are here already. More than none at the beginning: an earlier download was interrupted. */
  sizeBytes: number;
  /** The chunk belongs to the sink from then on, which may empty it. */
  write(chunk: Uint8Array): Promise<void>;
  /** Forgets everything written so far, for a download that starts over. */
  restart(): Promise<void>;
}

export interface ExpectedBlob {
  digest: Digest;
  /** undefined when nobody promised one, as for a decoded layer */
  sizeBytes?: number;
  /** What it is, for messages: "layer sha256:… of registry/repo:tag" */
  label: string;
}

export interface EnsureBlobOptions {
  /** Keep what an interrupted `fill` wrote, and let the next one go on behind it. */
  resumable?: boolean;
  signal?: AbortSignal;
  /** Called once when another process is at it already. */
  onWait?: () => void;
  /**
   * True for what can be made again: nobody waits until it is on the disk. After the next boot it is not believed
   * before its digest was compared once more.
   */
  isVolatile?: boolean;
  /** When the running kernel began, in milliseconds since 1970. Default: asked from it. */
  bootedAtMs?: number;
  /** Hears about the bytes of a blob while it is being filled. */
  follower?: BlobFollower;
}

export interface BlobFollower {
  /** An empty file of this name will take the bytes. Once more: what was there before is void. */
  begin(path: string): void;
  grow(availableBytes: number): void;
}

export interface FoundBlob {
  digest: Digest;
  sizeBytes: number;
}

export const blobFile = (paths: Paths, digest: Digest) => join(blobsDirectory(paths), hexOf(digest));

/** Size of a stored blob, or undefined when the store does not have it. */
export async function blobSize(paths: Paths, digest: Digest): Promise<number | undefined> {
  try {
    return (await stat(blobFile(paths, digest))).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** A small stored blob (a manifest or a configuration), or undefined. */
export async function readBlob(paths: Paths, digest: Digest): Promise<Buffer | undefined> {
  try {
    return await readFile(blobFile(paths, digest));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Makes sure that the blob is in the store and returns its path; `fill` runs only when it is not.
 *
 * One process at a time fills a digest, the others wait and find it. The blob becomes visible by rename, after its
 * size and sha256 were compared and, unless it is volatile, its bytes are on the disk. When `fill` fails or is killed
 * nothing is visible;
 * what it left is overwritten by the next, or continued where `resumable`: its bytes are hashed again then, and when
 * the whole does not have the digest nothing of it is kept.
 */
export async function ensureBlob(
  paths: Paths,
  expected: ExpectedBlob,
  fill: (sink: BlobSink) => Promise<void>,
  options: EnsureBlobOptions = {},
): Promise<string> {
  return ensureBlobFile(paths, expected, partial => fillFile(partial, fill, expected, options), options);
}

/** The same where `make` writes the file at the given path itself and says what it has written. */
export async function ensureBlobFile(
  paths: Paths,
  expected: ExpectedBlob,
  make: (partial: string) => Promise<FoundBlob>,
  options: EnsureBlobOptions = {},
): Promise<string> {
  const final = blobFile(paths, expected.digest);
  if (await isStored(final, expected, options)) return final;
  return withExclusiveLock(
    imageLockFile(paths, hexOf(expected.digest)),
    async () => {
      if (await isStored(final, expected, options)) return final;
      await mkdir(partialBlobsDirectory(paths), { recursive: true });
      const partial = join(partialBlobsDirectory(paths), `${hexOf(expected.digest)}.part`);
      try {
        compare(expected, await make(partial));
        await mkdir(blobsDirectory(paths), { recursive: true });
        await rename(partial, final);
      } catch (error) {
        const isDamaged = error instanceof Problem && error.code === "image/damaged";
        // Nothing frees a full disk as surely as what has just filled it.
        const isDiskFull = (error as NodeJS.ErrnoException).code === "ENOSPC";
        if (options.resumable !== true || isDamaged || isDiskFull) await rm(partial, { force: true });
        throw error;
      }
      return final;
    },
    options,
  );
}

/** Stores bytes that are already in memory under their own digest. */
export async function storeBlob(paths: Paths, digest: Digest, bytes: Uint8Array, label: string): Promise<string> {
  return ensureBlob(paths, { digest, sizeBytes: bytes.length, label }, sink => sink.write(Buffer.from(bytes)));
}

/**
 * Stores a stream whose digest nobody knows beforehand and returns digest and size. `id` names the work (two streams
 * with the same id must not run at once: the caller holds a lock).
 */
export async function storeUnnamedBlob(
  paths: Paths,
  id: string,
  fill: (sink: BlobSink) => Promise<void>,
): Promise<FoundBlob> {
  await mkdir(partialBlobsDirectory(paths), { recursive: true });
  await mkdir(blobsDirectory(paths), { recursive: true });
  const partial = join(partialBlobsDirectory(paths), `${id}.part`);
  try {
    const found = await fillFile(partial, fill);
    await rename(partial, blobFile(paths, found.digest));
    return found;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function isStored(path: string, expected: ExpectedBlob, options: EnsureBlobOptions): Promise<boolean> {
  const { isVolatile = false, bootedAtMs = Date.now() - uptime() * 1000 } = options;
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return false;
  // A second of tolerance for how boot times are counted; too old only means compared once more.
  if (isVolatile && found.ctimeMs < bootedAtMs + 1000) {
    const isWhole = (await hashFile(path)) === expected.digest;
    if (!isWhole) await rm(path, { force: true });
    else await utimes(path, new Date(), new Date());
    return isWhole;
  }
  if (expected.sizeBytes !== undefined && found.size !== expected.sizeBytes) {
    // The store only ever holds verified blobs, so it is the promise that is wrong.
    compare(expected, { digest: expected.digest, sizeBytes: found.size });
  }
  return true;
}

async function hashFile(path: string): Promise<Digest> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
  return `sha256:${hash.digest("hex")}`;
}

function compare(expected: ExpectedBlob, found: FoundBlob): void {
  if (expected.sizeBytes !== undefined && expected.sizeBytes !== found.sizeBytes) {
    throw new Problem("image/damaged", {
      message: `${expected.label} has ${found.sizeBytes} bytes, but the image promised ${expected.sizeBytes}`,
    });
  }
  if (expected.digest !== found.digest) {
    throw new Problem("image/damaged", {
      message: `${expected.label} should have the digest ${expected.digest}, but its bytes have ${found.digest}`,
    });
  }
}

async function fillFile(
  path: string,
  fill: (sink: BlobSink) => Promise<void>,
  expected?: ExpectedBlob,
  { resumable = false, isVolatile = false, follower }: EnsureBlobOptions = {},
): Promise<FoundBlob> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | (resumable ? 0 : constants.O_TRUNC), 0o644);
  try {
    let hash = createHash("sha256");
    const writer = new BlobWriter(file, endBytes => follower?.grow(endBytes));
    const sink: BlobSink = {
      sizeBytes: 0,
      async write(chunk) {
        sink.sizeBytes += chunk.length;
        if (expected?.sizeBytes !== undefined && sink.sizeBytes > expected.sizeBytes) {
          // More than promised is noticed at once, not when the disk is full.
          compare(expected, { digest: expected.digest, sizeBytes: sink.sizeBytes });
        }
        hash.update(chunk);
        await writer.add(chunk);
      },
      async restart() {
        await writer.flush();
        hash = createHash("sha256");
        sink.sizeBytes = 0;
        await file.truncate(0);
        writer.seek(0);
        follower?.begin(path);
      },
    };
    follower?.begin(path);
    for await (const chunk of bytesOf(file)) {
      hash.update(chunk);
      sink.sizeBytes += chunk.length;
      follower?.grow(sink.sizeBytes);
    }
    writer.seek(sink.sizeBytes);
    if (expected?.sizeBytes !== undefined && sink.sizeBytes > expected.sizeBytes) await sink.restart();
    // Killed between the last byte and its name: nothing is left to be asked for.
    if (sink.sizeBytes === 0 || sink.sizeBytes !== expected?.sizeBytes) {
      try {
        await fill(sink);
      } finally {
        // Also of a download that broke off: the next one goes on behind it.
        await writer.flush();
      }
    }
    if (!isVolatile) await file.sync();
    return { digest: `sha256:${hash.digest("hex")}`, sizeBytes: sink.sizeBytes };
  } finally {
    await file.close();
  }
}

async function* bytesOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  for (let position = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}
