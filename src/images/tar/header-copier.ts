import { blockSize } from "./tar-header.ts";

/** Pieces of an archive, one behind the other in `bytes`. */
export interface ArchiveParts {
  /** Where in the archive each piece begins, ascending. */
  positions: Float64Array<ArrayBuffer>;
  lengths: Uint32Array<ArrayBuffer>;
  bytes: Uint8Array<ArrayBuffer>;
}

const batchBytes = 256 * 1024;
const batchParts = batchBytes / blockSize;
/** Longer extended headers are refused by the scanner anyway. */
const maxPartBytes = 1024 * 1024;

/**
 * Copies the headers of an archive while it passes by, so that whoever scans it need not read it again.
 *
 * It understands just enough to find the next header and is believed in nothing: the scanner takes a piece only when it
 * asks for exactly these bytes of the archive, and reads the archive otherwise. At whatever it does not know (sparse
 * maps, sizes in extended headers, broken headers) it simply loses the trail.
 */
export class HeaderCopier {
  readonly #onParts: (parts: ArchiveParts) => void;
  #isLost = false;
  /** Bytes of the archive until the next piece. */
  #skip = 0;
  /** Bytes of the present piece that are still to come. */
  #missing = blockSize;
  #isHeader = true;
  #position = 0;
  #bytes = new Uint8Array(batchBytes);
  #used = 0;
  #pieceAt = 0;
  #positions: number[] = [];
  #lengths: number[] = [];

  constructor(onParts: (parts: ArchiveParts) => void) {
    this.#onParts = onParts;
  }

  /** The next bytes of the archive. */
  add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && !this.#isLost; ) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - at);
        this.#skip -= skipped;
        this.#position += skipped;
        at += skipped;
        continue;
      }
      const length = Math.min(this.#missing, chunk.length - at);
      this.#bytes.set(at === 0 && length === chunk.length ? chunk : chunk.subarray(at, at + length), this.#used);
      this.#used += length;
      this.#position += length;
      this.#missing -= length;
      at += length;
      if (this.#missing === 0) this.#endPiece();
    }
  }

  /** Hands over what has been copied since the last time. */
  flush(): void {
    if (this.#positions.length === 0) return;
    this.#onParts({
      positions: Float64Array.from(this.#positions),
      lengths: Uint32Array.from(this.#lengths),
      bytes: this.#bytes,
    });
    this.#bytes = new Uint8Array(batchBytes);
    this.#used = this.#pieceAt = 0;
    this.#positions = [];
    this.#lengths = [];
  }

  #endPiece(): void {
    const at = this.#pieceAt;
    const length = this.#used - at;
    this.#positions.push(this.#position - length);
    this.#lengths.push(length);
    this.#pieceAt = this.#used;
    this.#missing = blockSize;
    if (!this.#isHeader) this.#isHeader = true;
    else this.#follow(this.#bytes, at);
    if (this.#lengths.length >= batchParts || this.#used + this.#missing > this.#bytes.length) this.flush();
    if (this.#missing > this.#bytes.length) this.#bytes = new Uint8Array(this.#missing);
  }

  /** Finds out what comes after a header. */
  #follow(bytes: Uint8Array, at: number): void {
    const size = octal(bytes, at + 124, 12);
    // Only archives that say what they are; the zero blocks at the end of one do not.
    if (size === undefined || bytes[at + 257] !== 0x75 || bytes[at + 258] !== 0x73) {
      this.#isLost = true;
      return;
    }
    const padded = Math.ceil(size / blockSize) * blockSize;
    const flag = String.fromCharCode(bytes[at + 156] as number);
    if ("xXgLK".includes(flag)) {
      this.#isLost = padded > maxPartBytes;
      this.#isHeader = padded === 0;
      this.#missing = padded === 0 ? blockSize : padded;
    } else if (!"123456D".includes(flag)) {
      this.#skip = padded;
    }
  }
}

/** undefined for anything but digits between blanks and NULs. */
function octal(bytes: Uint8Array, at: number, length: number): number | undefined {
  let value = 0;
  for (let index = at; index < at + length; index++) {
    const byte = bytes[index] as number;
    if (byte === 0 || byte === 0x20) continue;
    if (byte < 0x30 || byte > 0x37) return undefined;
    value = value * 8 + byte - 0x30;
  }
  return value;
}
