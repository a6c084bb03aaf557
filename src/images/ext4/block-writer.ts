import type { FileHandle } from "node:fs/promises";
import { BlockCursor, outOfBlocks } from "./block-cursor.ts";
import { blockSize, type Extent } from "./format.ts";
import type { Layout } from "./layout.ts";

const bufferBytes = 4 * 2 ** 20;

/** Writes at a position, whole, and checks for cancellation before each write. */
export class PositionedFile {
  readonly #file: FileHandle;
  readonly #signal: AbortSignal | undefined;

  constructor(file: FileHandle, signal: AbortSignal | undefined) {
    this.#file = file;
    this.#signal = signal;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    this.#signal?.throwIfAborted();
    for (let done = 0; done < bytes.length; ) {
      done += (await this.#file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
    }
  }
}

/**
 * Writes newly taken blocks in ascending order through two large buffers: one fills while the other is written.
 *
 * Callers fill `window()` in place and then `commit` what they used of it, so file content is copied once, from the
 * page cache into the buffer that goes to the disk.
 */
export class BlockWriter {
  readonly cursor: BlockCursor;
  readonly #file: PositionedFile;
  #filling = Buffer.allocUnsafeSlow(bufferBytes);
  #spare = Buffer.allocUnsafeSlow(bufferBytes);
  /** Where the first byte of the filling buffer goes, in blocks. */
  #start = 0;
  #used = 0;
  #pending: Promise<void> = Promise.resolve();
  #writtenBytes = 0;
  readonly #onWritten: (bytes: number) => void;

  constructor(layout: Layout, file: PositionedFile, onWritten: (bytes: number) => void) {
    this.cursor = new BlockCursor(layout);
    this.#file = file;
    this.#onWritten = onWritten;
  }

  /** Blocks that can be filled right now; 0 means: await `makeRoom()` first. */
  get room(): number {
    if (this.#used > 0 && this.cursor.position !== this.#start + this.#used) return 0;
    return Math.min(bufferBytes / blockSize - this.#used, this.cursor.room);
  }

  /** After this `room` is at least 1. */
  async makeRoom(): Promise<void> {
    if (this.room > 0) return;
    await this.#flush();
    if (this.room === 0) throw outOfBlocks();
  }

  /** The next `room` blocks, with whatever bytes they had before. */
  window(): Buffer {
    return this.#filling.subarray(this.#used * blockSize);
  }

  /** Keeps the first `blocks` blocks of the window and returns where on the disk they are. */
  commit(blocks: number): number {
    const physical = this.cursor.take(blocks);
    if (this.#used === 0) this.#start = physical;
    this.#used += blocks;
    return physical;
  }

  /** Writes whole blocks that are already in memory. */
  async put(bytes: Buffer): Promise<Extent[]> {
    const extents: Extent[] = [];
    const total = bytes.length / blockSize;
    for (let logical = 0; logical < total; ) {
      if (this.room === 0) await this.makeRoom();
      const length = Math.min(this.room, total - logical);
      bytes.copy(this.window(), 0, logical * blockSize, (logical + length) * blockSize);
      extents.push({ logical, physical: this.commit(length), length });
      logical += length;
    }
    return extents;
  }

  /** Resolves when everything committed has been handed to the kernel. */
  async finish(): Promise<void> {
    await this.#flush();
    await this.#pending;
  }

  /** Ends the write in flight without reporting its failure; for clean-up after another failure. */
  async abandon(): Promise<void> {
    await this.#pending.catch(() => undefined);
  }

  async #flush(): Promise<void> {
    await this.#pending;
    if (this.#used === 0) return;
    const full = this.#filling;
    const length = this.#used * blockSize;
    this.#filling = this.#spare;
    this.#spare = full;
    this.#used = 0;
    this.#pending = this.#file.write(full.subarray(0, length), this.#start * blockSize);
    // Whoever awaits it next gets the failure; without this it would count as unhandled until then.
    this.#pending.catch(() => undefined);
    this.#writtenBytes += length;
    this.#onWritten(this.#writtenBytes);
  }
}
