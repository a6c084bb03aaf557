import type { FileHandle } from "node:fs/promises";
import { releaseMemory } from "./release-memory.ts";

/** Chunks of a connection are small; each write of its own would cost a turn through another thread. */
const batchBytes = 512 * 1024;

/**
 * Writes chunks to a file from a position on, many at a time, one batch while the next one gathers. The chunks belong to
 * it: their memory is released when they are written.
 */
export class BlobWriter {
  readonly #file: FileHandle;
  readonly #onWritten: (endBytes: number) => void;
  #chunks: Uint8Array[] = [];
  #chunkBytes = 0;
  /** Where the chunks go. */
  #position = 0;
  #underWay: Promise<void> = Promise.resolve();

  constructor(file: FileHandle, onWritten: (endBytes: number) => void) {
    this.#file = file;
    this.#onWritten = onWritten;
  }

  /** What `add` takes from now on goes here; everything before has been flushed. */
  seek(position: number): void {
    this.#position = position;
  }

  async add(chunk: Uint8Array): Promise<void> {
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
    if (this.#chunkBytes < batchBytes) return;
    await this.#underWay;
    this.#underWay = this.#writeChunks();
    // Whoever awaits it next gets the failure.
    this.#underWay.catch(() => undefined);
  }

  /** Resolves when all chunks are in the file. */
  async flush(): Promise<void> {
    await this.#underWay;
    await this.#writeChunks();
  }

  async #writeChunks(): Promise<void> {
    const batch = this.#chunks.splice(0);
    let chunks: readonly Uint8Array[] = batch;
    const end = this.#position + this.#chunkBytes;
    this.#chunkBytes = 0;
    while (this.#position < end) {
      const { bytesWritten } = await this.#file.writev(chunks, this.#position);
      this.#position += bytesWritten;
      chunks = behind(chunks, bytesWritten);
    }
    for (const chunk of batch) releaseMemory(chunk);
    this.#onWritten(end);
  }
}

/** What is left of them when their first bytes are gone. */
function behind(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let left = bytes;
  let index = 0;
  for (; index < chunks.length && left >= (chunks[index] as Uint8Array).length; index++) {
    left -= (chunks[index] as Uint8Array).length;
  }
  const rest = chunks.slice(index);
  if (left > 0) rest[0] = (rest[0] as Uint8Array).subarray(left);
  return rest;
}
