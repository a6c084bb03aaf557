/** Keeps the last `limitBytes` of a byte stream and counts what it had to drop. */
export class BoundedTail {
  readonly limitBytes: number;
  #chunks: Buffer[] = [];
  #size = 0;
  #dropped = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  append(chunk: Uint8Array | string): void {
    let buffer = typeof chunk === "string" ? Buffer.from(chunk) : Buffer.from(chunk);
    if (buffer.length > this.limitBytes) {
      this.#dropped += this.#size + buffer.length - this.limitBytes;
      buffer = buffer.subarray(buffer.length - this.limitBytes);
      this.#chunks = [buffer];
      this.#size = buffer.length;
      return;
    }
    this.#chunks.push(buffer);
    this.#size += buffer.length;
    while (this.#size > this.limitBytes) {
      const first = this.#chunks[0] as Buffer;
      const excess = Math.min(first.length, this.#size - this.limitBytes);
      if (excess === first.length) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(excess);
      this.#size -= excess;
      this.#dropped += excess;
    }
  }

  get droppedBytes(): number {
    return this.#dropped;
  }

  toBuffer(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  toString(): string {
    return this.toBuffer().toString("utf8");
  }

  /** The last `count` non-empty lines. */
  lastLines(count: number): string[] {
    return this.toString()
      .split(/\r?\n/)
      .filter(line => line.trim() !== "")
      .slice(-count);
  }
}
