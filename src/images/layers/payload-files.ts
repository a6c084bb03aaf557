import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { PayloadReference, PayloadSource } from "../tree.ts";

const windowBytes = 128 * 1024;

/** The decoded archives of an image's layers, open for positioned reads. Close it when the drive is written. */
export class PayloadFiles implements PayloadSource, Disposable {
  readonly #descriptors: number[] = [];
  /** Where each layer begins when all stand behind each other, and where the next one will. */
  readonly #starts: number[] = [0];
  /**
   * What was read last and a little more, for small files that lie behind each other. No Buffer: what those do in
   * JavaScript before they copy costs more than a small file.
   */
  readonly #window = new Uint8Array(windowBytes);
  #windowLayer = -1;
  #windowStart = 0;
  #windowEnd = 0;
  /** Where the last read ended. */
  #lastLayer = -1;
  #lastEnd = 0;

  /** Opens one more layer and returns its descriptor and size; it gets the next index. */
  add(path: string): { fd: number; sizeBytes: number } {
    const fd = openSync(path, "r");
    const sizeBytes = fstatSync(fd).size;
    this.#starts[this.#descriptors.push(fd)] = (this.#starts.at(-1) as number) + sizeBytes;
    return { fd, sizeBytes };
  }

  placeOf({ layer, offset }: PayloadReference): number {
    return (this.#starts[layer] as number) + offset;
  }

  read(payload: PayloadReference, logicalOffset: number, into: Uint8Array): void {
    const { segments } = payload;
    if (segments === undefined) {
      if (logicalOffset + into.length > payload.length) throw new Error("read beyond the end of a file's payload");
      this.#readStored(payload.layer, payload.offset + logicalOffset, into);
      return;
    }
    into.fill(0);
    const end = logicalOffset + into.length;
    for (let index = firstSegmentEndingAfter(segments, logicalOffset); index < segments.length; index++) {
      const segment = segments[index] as (typeof segments)[number];
      if (segment.logicalOffset >= end) break;
      const from = Math.max(logicalOffset, segment.logicalOffset);
      const to = Math.min(end, segment.logicalOffset + segment.length);
      const stored = payload.offset + segment.storedOffset + (from - segment.logicalOffset);
      this.#readStored(payload.layer, stored, into.subarray(from - logicalOffset, to - logicalOffset));
    }
  }

  [Symbol.dispose](): void {
    for (const fd of this.#descriptors.splice(0)) closeSync(fd);
  }

  #readStored(layer: number, position: number, into: Uint8Array): void {
    const end = position + into.length;
    const isNext = layer === this.#lastLayer && position >= this.#lastEnd && position - this.#lastEnd < windowBytes / 4;
    this.#lastLayer = layer;
    this.#lastEnd = end;
    // Reading ahead pays where the order of the archive is that of the reader; elsewhere it would only be more to read.
    if (isNext && into.length < windowBytes / 2 && !this.#windowHas(layer, position, end)) {
      this.#windowLayer = layer;
      this.#windowStart = position;
      this.#windowEnd = position + readSync(this.#descriptorOf(layer), this.#window, 0, windowBytes, position);
    }
    if (!this.#windowHas(layer, position, end)) readFully(this.#descriptorOf(layer), layer, position, into);
    else into.set(this.#window.subarray(position - this.#windowStart, end - this.#windowStart));
  }

  #windowHas(layer: number, position: number, end: number): boolean {
    return layer === this.#windowLayer && position >= this.#windowStart && end <= this.#windowEnd;
  }

  #descriptorOf(layer: number): number {
    const fd = this.#descriptors[layer];
    if (fd === undefined) throw new Error(`layer ${layer} is not open`);
    return fd;
  }
}

function readFully(fd: number, layer: number, position: number, into: Uint8Array): void {
  for (let done = 0; done < into.length; ) {
    const count = readSync(fd, into, done, into.length - done, position + done);
    if (count === 0) throw new Error(`layer ${layer} ends inside a file`);
    done += count;
  }
}

function firstSegmentEndingAfter(
  segments: ReadonlyArray<{ logicalOffset: number; length: number }>,
  offset: number,
): number {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const segment = segments[middle] as { logicalOffset: number; length: number };
    if (segment.logicalOffset + segment.length <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
