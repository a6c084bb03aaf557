import type { FileHandle } from "node:fs/promises";
import { BlockCursor, outOfBlocks } from "./block-cursor.ts";
import { blockSize, type Extent } from "./format.ts";
import type { Layout } from "./layout.ts";

const bufferBytes = 2 * 2 ** 20;
/** Plain arrays: filling and copying small pieces of a Buffer goes through more JavaScript than it takes. */
const newBuffer = () => new Uint8Array(bufferBytes);
/** Posted writes that nobody has to wait for yet. */
const maxBehind = 2;
/** So much goes to the disk at once while the rest is still being made. */
const syncEveryBytes = 16 * 2 ** 20;

/**
 * Writes at a position, whole, and checks for cancellation before each write. The disk begins early with what was
 * posted, so that whoever syncs the file at the end waits for little of it.
 */
export class PositionedFile {
  readonly #file: FileHandle;
  readonly #signal: AbortSignal | undefined;
  #posted: Array<Promise<void>> = [];
  #unsyncedBytes = 0;
  #syncing: Promise<void> | undefined;

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

  /**
   * Writes behind the caller's back, after what was posted before, and calls `onWritten` when the bytes may change again.
   * Whoever posts calls `catchUp` now and then: it bounds what waits, and tells failures.
   */
  post(bytes: Uint8Array, position: number, onWritten: () => void = () => undefined): void {
    const write = async (before: Promise<void> | undefined) => {
      await before;
      await this.write(bytes, position);
      this.#syncNowAndThen(bytes.length);
      onWritten();
      void this.#posted.shift();
    };
    const written = write(this.#posted.at(-1));
    // `catchUp` tells it; without this it would count as unhandled until then.
    written.catch(() => undefined);
    this.#posted.push(written);
  }

  get isBehind(): boolean {
    return this.#posted.length > maxBehind;
  }

  /** Resolves when little enough waits. */
  async catchUp(): Promise<void> {
    while (this.isBehind) await this.#posted[0];
  }

  /** Resolves when everything posted has been handed to the kernel, and nothing goes on in the background. */
  async finish(): Promise<void> {
    try {
      await this.#posted.at(-1);
    } finally {
      // A disk tells a failure only once, perhaps here.
      await this.#syncing;
    }
  }

  #syncNowAndThen(bytes: number): void {
    this.#unsyncedBytes += bytes;
    if (this.#unsyncedBytes < syncEveryBytes || this.#syncing !== undefined) return;
    this.#unsyncedBytes = 0;
    this.#syncing = this.#file.datasync().then(() => (this.#syncing = undefined));
    // `finish` tells it.
    this.#syncing.catch(() => undefined);
  }
}

/**
 * Writes newly taken blocks in ascending order through large buffers: one fills while others are written.
 *
 * Callers fill `window()` in place and then `commit` what they used of it, so file content is copied once, from the
 * page cache into the buffer that goes to the disk. Nothing here waits: a promise for each of many small files would
 * cost more than the file. Between them callers await `file.catchUp()`.
 */
export class BlockWriter {
  readonly cursor: BlockCursor;
  readonly file: PositionedFile;
  #filling: Uint8Array = newBuffer();
  readonly #spares: Uint8Array[] = [];
  /** Where the first byte of the filling buffer goes, in blocks. */
  #start = 0;
  #used = 0;
  #writtenBytes = 0;
  readonly #onWritten: (bytes: number) => void;

  constructor(layout: Layout, file: PositionedFile, onWritten: (bytes: number) => void) {
    this.cursor = new BlockCursor(layout);
    this.file = file;
    this.#onWritten = onWritten;
  }

  /** Blocks that can be filled right now; 0 means: `makeRoom()` first. */
  get room(): number {
    if (this.#used > 0 && this.cursor.position !== this.#start + this.#used) return 0;
    return Math.min(bufferBytes / blockSize - this.#used, this.cursor.room);
  }

  /** After this `room` is at least 1. */
  makeRoom(): void {
    if (this.room > 0) return;
    this.flush();
    if (this.room === 0) throw outOfBlocks();
  }

  /** The next `blocks` blocks, at most `room`, with whatever bytes they had before. */
  window(blocks: number): Uint8Array {
    return this.#filling.subarray(this.#used * blockSize, (this.#used + blocks) * blockSize);
  }

  /** Keeps the first `blocks` blocks of it and returns where on the disk they are. */
  commit(blocks: number): number {
    const physical = this.cursor.take(blocks);
    if (this.#used === 0) this.#start = physical;
    this.#used += blocks;
    return physical;
  }

  /** Writes whole blocks that are already in memory. */
  put(bytes: Uint8Array): Extent[] {
    const extents: Extent[] = [];
    const total = bytes.length / blockSize;
    for (let logical = 0; logical < total; ) {
      if (this.room === 0) this.makeRoom();
      const length = Math.min(this.room, total - logical);
      this.window(length).set(bytes.subarray(logical * blockSize, (logical + length) * blockSize));
      extents.push({ logical, physical: this.commit(length), length });
      logical += length;
    }
    return extents;
  }

  /** Posts everything committed so far. */
  flush(): void {
    if (this.#used === 0) return;
    const full = this.#filling;
    const length = this.#used * blockSize;
    this.#filling = this.#spares.pop() ?? newBuffer();
    this.#used = 0;
    this.file.post(full.subarray(0, length), this.#start * blockSize, () => {
      this.#spares.push(full);
      this.#writtenBytes += length;
      this.#onWritten(this.#writtenBytes);
    });
  }
}
