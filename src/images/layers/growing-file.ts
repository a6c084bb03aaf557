import { readSync } from "node:fs";

/** Tells a reader how far a file that is still being written may be read. */
export interface Growth {
  /** So many bytes from the start are there. */
  grow(availableBytes: number): void;
  /** All of them are there. */
  finish(availableBytes: number): void;
  /** There will be no more; whoever waits for some gets this. */
  fail(reason: Error): void;
}

/** Positioned reads from an open file that somebody else is writing; they wait for bytes that are not there yet. */
export class GrowingFile implements Growth {
  readonly #fd: number;
  #available = 0;
  #isWhole = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  grow(availableBytes: number): void {
    this.#available = availableBytes;
    this.#wake?.();
  }

  finish(availableBytes: number): void {
    this.#isWhole = true;
    this.grow(availableBytes);
  }

  fail(reason: Error): void {
    this.#failure ??= reason;
    this.#wake?.();
  }

  /** 1 to `length` bytes from `position` on, in memory of their own; none at the end of the file. One reader at a time. */
  async read(position: number, length: number): Promise<Buffer> {
    const count = await this.#waitFor(position, length);
    return this.#fill(Buffer.allocUnsafe(count), position);
  }

  /** The same into the beginning of `buffer`, as many as it holds at most. */
  async readInto(buffer: Buffer, position: number): Promise<Buffer> {
    const count = await this.#waitFor(position, buffer.length);
    return this.#fill(buffer.subarray(0, count), position);
  }

  /** How many of these bytes are there: at least one, or none at the end. */
  async #waitFor(position: number, length: number): Promise<number> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const count = Math.min(length, this.#available - position);
      if (count > 0) return count;
      if (this.#isWhole) return 0;
      await new Promise<void>(resolve => (this.#wake = resolve));
    }
  }

  #fill(bytes: Buffer, position: number): Buffer {
    if (bytes.length === 0) return bytes;
    const read = readSync(this.#fd, bytes, 0, bytes.length, position);
    if (read === 0) throw new Error("a blob became shorter while it was read");
    return bytes.subarray(0, read);
  }
}
