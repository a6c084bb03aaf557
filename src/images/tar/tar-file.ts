import { readSync } from "node:fs";
import { type TarEntry, TarError } from "./tar-entry.ts";
import { scanTar } from "./tar-scan.ts";

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
  const window = Buffer.alloc(windowBytes);
  let windowStart = 0;
  let windowEnd = 0;
  let position = 0;

  const take = (length: number): Buffer | undefined => {
    if (position === sizeBytes) return undefined;
    if (position + length > sizeBytes) throw new TarError("the archive ends inside a header");
    if (length > windowBytes) {
      const large = Buffer.alloc(length);
      readFully(fd, large, position);
      position += length;
      return large;
    }
    if (position < windowStart || position + length > windowEnd) {
      windowStart = position;
      windowEnd = Math.min(position + windowBytes, sizeBytes);
      readFully(fd, window.subarray(0, windowEnd - windowStart), position);
    }
    const bytes = window.subarray(position - windowStart, position - windowStart + length);
    position += length;
    return bytes;
  };

  const scan = scanTar();
  for (let next = scan.next(); !next.done; ) {
    const want = next.value;
    let answer: Buffer | undefined;
    if ("take" in want) answer = take(want.take);
    else if ("skip" in want) {
      position += want.skip;
      if (position > sizeBytes) throw new TarError("the archive ends inside a file");
    } else if ("pad" in want) position = Math.min(position + want.pad, sizeBytes);
    else if ("entry" in want) {
      index.entries.push(want.entry);
      if (index.entries.length > maxEntries) throw new TarError(`the archive has more than ${maxEntries} members`);
    } else if (index.warnings.length < 100) index.warnings.push(want.warning);
    next = scan.next(answer);
  }
  return index;
}

function readFully(fd: number, into: Buffer, position: number): void {
  for (let done = 0; done < into.length; ) {
    const count = readSync(fd, into, done, into.length - done, position + done);
    if (count === 0) throw new TarError("the archive became shorter while it was read");
    done += count;
  }
}
