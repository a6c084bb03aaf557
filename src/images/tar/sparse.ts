import type { DataSegment } from "../tree.ts";
import { paxInteger } from "./pax.ts";
import { TarError } from "./tar-entry.ts";
import { numberField } from "./tar-header.ts";

/** A file of more pieces than this is a bomb: the map alone would fill the memory. */
export const maxSegments = 1_000_000;

/** Turns pairs of (logical offset, length) into segments, and refuses maps that overlap, run backwards or exceed the file. */
export function segmentsFromPairs(pairs: readonly number[], logicalSize: number, storedSize: number): DataSegment[] {
  if (pairs.length % 2 !== 0 || pairs.length / 2 > maxSegments) throw new TarError("a sparse map is malformed");
  const segments: DataSegment[] = [];
  let storedOffset = 0;
  let end = 0;
  for (let index = 0; index < pairs.length; index += 2) {
    const logicalOffset = pairs[index] as number;
    const length = pairs[index + 1] as number;
    if (logicalOffset < end) throw new TarError("a sparse map overlaps or runs backwards");
    end = logicalOffset + length;
    if (end > logicalSize) throw new TarError("a sparse map goes beyond the end of its file");
    if (length > 0) segments.push({ logicalOffset, storedOffset, length });
    storedOffset += length;
  }
  if (storedOffset !== storedSize) throw new TarError("a sparse map does not match the stored bytes");
  return segments;
}

/** Offsets and lengths of the old GNU form, from the header (at 386) or a continuation block (at 0). */
export function oldGnuPairs(block: Buffer, offset: number, count: number): number[] {
  const pairs: number[] = [];
  for (let index = 0; index < count; index++) {
    const at = offset + index * 24;
    if (block[at] === 0) break;
    pairs.push(numberField(block, at, 12, "sparse offset"), numberField(block, at + 12, 12, "sparse length"));
  }
  return pairs;
}

/** The map of the pax forms 0.0 (repeated records) and 0.1 (one record); undefined when the records have none. */
export function paxMapPairs(records: ReadonlyArray<[string, Buffer]>): number[] | undefined {
  const map = records.findLast(([key]) => key === "GNU.sparse.map");
  if (map !== undefined) {
    const text = map[1].toString("latin1");
    return text === "" ? [] : text.split(",").map(part => paxInteger(Buffer.from(part), "GNU.sparse.map"));
  }
  const repeated = records.filter(([key]) => key === "GNU.sparse.offset" || key === "GNU.sparse.numbytes");
  return repeated.length === 0 ? undefined : repeated.map(([key, value]) => paxInteger(value, key));
}
