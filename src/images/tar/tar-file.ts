import { readSync } from "node:fs";
import type { ArchiveParts } from "./header-copier.ts";
import { type TarEntry, TarError } from "./tar-entry.ts";
import { scanTar, type TarWant } from "./tar-scan.ts";

/** Headers of small files stand close together, so one read serves several. */
const windowBytes = 64 * 1024;

export interface TarIndex {
  entries: TarEntry[];
  warnings: string[];
}

/**
 * Lists the members of an uncompressed archive by reading its headers only; payloads are skipped by seeking. Throws
 * TarError for whatever breaks the format, a payload cut short included, and when there are more than `maxEntries`.
 */
export function indexTarFile(fd: number, sizeBytes: number, maxEntries: number): TarIndex {
  const index: TarIndex = { entries: [], warnings: [] };
  const reader = new TarFileReader({
    onEntry: entry => {
      if (index.entries.push(entry) > maxEntries) throw new TarError(`the archive has more than ${maxEntries} members`);
    },
    onWarning: warning => index.warnings.push(warning),
  });
  reader.finish(fd, sizeBytes);
  return index;
}

export interface TarFileReaderOptions {
  /** What it throws ends the reading. */
  onEntry: (entry: TarEntry) => void;
  /** At most a hundred times. */
  onWarning: (warning: string) => void;
}

/** Reads the members of an archive, the first of them perhaps before the archive is a file: see `HeaderCopier`. */
export class TarFileReader {
  readonly #options: TarFileReaderOptions;
  readonly #scan = scanTar();
  #next: IteratorResult<TarWant, void>;
  /** Where the scanner is, and up to where the archive must reach at least. */
  #position = 0;
  #mustReach = 0;
  #warningCount = 0;
  #parts: ArchiveParts[] = [];
  /** The next piece of the first of these. */
  #partIndex = 0;
  #partOffset = 0;
  #isAstray = false;

  constructor(options: TarFileReaderOptions) {
    this.#options = options;
    this.#next = this.#scan.next();
  }

  /** Goes on as far as these pieces reach. Throws what `finish` would. */
  add(parts: ArchiveParts): void {
    if (this.#isAstray) return;
    this.#parts.push(parts);
    this.#advance(length => this.#takeCopied(length));
    // Pieces come in ascending order, so none that is to come can be the one that is missing: they would only pile up.
    this.#isAstray = this.#parts.length > 0;
    if (this.#isAstray) this.#parts = [];
  }

  /** Reads the rest from the file, which holds the whole archive. */
  finish(fd: number, sizeBytes: number): void {
    const window = Buffer.alloc(windowBytes);
    let windowStart = 0;
    let windowEnd = 0;
    this.#advance(length => {
      if (this.#mustReach > sizeBytes) throw new TarError("the archive ends inside a file");
      const position = Math.min(this.#position, sizeBytes);
      if (position === sizeBytes) return "end";
      if (position + length > sizeBytes) throw new TarError("the archive ends inside a header");
      const copied = this.#takeCopied(length);
      if (copied !== undefined) return copied;
      if (length > windowBytes) {
        const large = Buffer.alloc(length);
        readFully(fd, large, position);
        return large;
      }
      if (position < windowStart || position + length > windowEnd) {
        windowStart = position;
        windowEnd = Math.min(position + windowBytes, sizeBytes);
        readFully(fd, window.subarray(0, windowEnd - windowStart), position);
      }
      return window.subarray(position - windowStart, position - windowStart + length);
    });
    if (this.#mustReach > sizeBytes) throw new TarError("the archive ends inside a file");
  }

  /** Answers the scanner until `take` has nothing more; each answer is used up before the next is asked for. */
  #advance(take: (length: number) => Buffer | "end" | undefined): void {
    const { onEntry, onWarning } = this.#options;
    while (!this.#next.done) {
      const want = this.#next.value;
      let answer: Buffer | undefined;
      if ("take" in want) {
        const taken = take(want.take);
        if (taken === undefined) return;
        if (taken !== "end") {
          answer = taken;
          this.#position += want.take;
        }
      } else if ("skip" in want) {
        this.#mustReach = this.#position + want.skip;
        this.#position = this.#mustReach + want.pad;
      } else if ("entry" in want) {
        onEntry(want.entry);
      } else if (this.#warningCount++ < 100) onWarning(want.warning);
      this.#next = this.#scan.next(answer);
    }
  }

  /** The piece that is exactly these bytes, if it was copied. */
  #takeCopied(length: number): Buffer | undefined {
    for (let parts = this.#parts[0]; parts !== undefined; parts = this.#parts[0]) {
      const { positions, lengths, bytes } = parts;
      while (this.#partIndex < positions.length) {
        if ((positions[this.#partIndex] as number) > this.#position) return undefined;
        const offset = this.#partOffset;
        const partLength = lengths[this.#partIndex] as number;
        const isWanted = positions[this.#partIndex] === this.#position && partLength === length;
        this.#partIndex++;
        this.#partOffset += partLength;
        if (isWanted) return Buffer.from(bytes.buffer, offset, length);
      }
      this.#parts.shift();
      this.#partIndex = this.#partOffset = 0;
    }
    return undefined;
  }
}

function readFully(fd: number, into: Buffer, position: number): void {
  for (let done = 0; done < into.length; ) {
    const count = readSync(fd, into, done, into.length - done, position + done);
    if (count === 0) throw new TarError("the archive became shorter while it was read");
    done += count;
  }
}
