import { paxInteger, parsePaxRecords, paxTime, paxXattrs } from "./pax.ts";
import { maxSegments, oldGnuPairs, paxMapPairs, segmentsFromPairs } from "./sparse.ts";
import { type TarEntry, TarError } from "./tar-entry.ts";
import { blockSize, isZeroBlock, numberField, parseHeader, type RawHeader } from "./tar-header.ts";

/** What the scanner asks of whoever holds the archive. */
export type TarWant =
  /** The next bytes; undefined as answer: the archive ends exactly here. */
  | { take: number }
  /** Move on; what is skipped must exist, the padding behind it need not (some writers leave the last one out). */
  | { skip: number; pad: number }
  | { entry: TarEntry }
  | { warning: string };

type Records = ReadonlyArray<[string, Buffer]>;

const noRecords: Records = [];
const nextBlock: TarWant = { take: blockSize };

/** Extended headers and long names larger than this are refused, as other unpackers do. */
const maxExtensionBytes = 1024 * 1024;

interface Extensions {
  global: Records;
  local: Records;
  longName: string | undefined;
  longLink: string | undefined;
}

/**
 * Reads an archive by asking for blocks and skipping payloads, so that the same code serves a file (which seeks) and
 * a stream (which discards). Throws TarError at the first thing that breaks the format.
 */
export function* scanTar(): Generator<TarWant, void, Buffer | undefined> {
  const extensions: Extensions = { global: noRecords, local: noRecords, longName: undefined, longLink: undefined };
  let position = 0;
  while (true) {
    const block = yield nextBlock;
    if (block === undefined) return;
    position += blockSize;
    if (isZeroBlock(block)) {
      const second = yield nextBlock;
      if (second === undefined || isZeroBlock(second)) return;
      throw new TarError("the archive goes on after a lone end block");
    }
    const header = parseHeader(block);
    if ("xXgLK".includes(header.typeFlag)) {
      yield* readExtension(header, extensions);
      position += padded(header.size);
      continue;
    }
    const { global, local } = extensions;
    const records = local.length === 0 ? global : [...global, ...local];
    const entry = entryFrom(header, records, extensions);
    extensions.local = noRecords;
    extensions.longName = extensions.longLink = undefined;
    if (entry === "ignored") {
      yield { warning: `a member of the unknown kind "${header.typeFlag}" was ignored: ${header.name}` };
      yield { skip: header.size, pad: padded(header.size) - header.size };
      position += padded(header.size);
      continue;
    }
    if (entry.type === "file" && !isFileFlag(header.typeFlag)) {
      yield { warning: `a member of the unknown kind "${header.typeFlag}" was taken for a file: ${header.name}` };
    }
    if (entry.type === "file" && (header.typeFlag === "S" || records.length > 0)) {
      position += yield* readSparseMap(header, block, records, entry);
    }
    entry.offset = position;
    // Where a pax 1.0 map precedes the data, storedSize has become what remains.
    const { storedSize } = entry;
    yield { entry };
    if (storedSize > 0) yield { skip: storedSize, pad: padded(storedSize) - storedSize };
    position += padded(storedSize);
  }
}

/** Consumes a member that only describes the next one. */
function* readExtension(header: RawHeader, extensions: Extensions): Generator<TarWant, void, Buffer | undefined> {
  if (header.size > maxExtensionBytes) throw new TarError("an extended header is larger than 1 MiB");
  const stored = header.size === 0 ? Buffer.alloc(0) : yield { take: padded(header.size) };
  if (stored === undefined) throw new TarError("the archive ends inside an extended header");
  const body = stored.subarray(0, header.size);
  if (header.typeFlag === "L") extensions.longName = untilNul(body);
  else if (header.typeFlag === "K") extensions.longLink = untilNul(body);
  else if (header.typeFlag === "g") extensions.global = [...new Map([...extensions.global, ...globalRecords(body)])];
  else extensions.local = parsePaxRecords(body);
}

/** A default for all members makes sense for owners and times, not for what identifies one member. */
function globalRecords(body: Buffer): Records {
  return parsePaxRecords(body).filter(([key]) => ["uid", "gid", "mtime"].includes(key));
}

function entryFrom(header: RawHeader, records: Records, extensions: Extensions): TarEntry | "ignored" {
  const last = (key: string) => {
    const value = lastOf(records, key);
    return value === undefined || value.length === 0 ? undefined : value;
  };
  const size = last("size");
  if (size !== undefined) header.size = paxInteger(size, "size");
  if (header.size < 0) throw new TarError("a member has a negative size");
  const path = (last("GNU.sparse.name") ?? last("path"))?.toString("latin1") ?? extensions.longName ?? header.name;
  const type = typeOf(header, path);
  if (type === undefined) return "ignored";
  const mtime = last("mtime");
  const time = mtime === undefined ? { seconds: header.mtime, nanoseconds: 0 } : paxTime(mtime, "mtime");
  const uid = last("uid");
  const gid = last("gid");
  const fileSize = type === "file" ? header.size : 0;
  return {
    type,
    path,
    linkPath:
      type === "hardlink" || type === "symlink"
        ? (last("linkpath")?.toString("latin1") ?? extensions.longLink ?? header.linkName)
        : "",
    mode: header.mode & 0o7777,
    uid: uid === undefined ? header.uid : paxInteger(uid, "uid"),
    gid: gid === undefined ? header.gid : paxInteger(gid, "gid"),
    mtimeSeconds: time.seconds,
    mtimeNanoseconds: time.nanoseconds,
    xattrs: paxXattrs(records),
    major: header.major,
    minor: header.minor,
    size: fileSize,
    offset: 0,
    // GNU's directories of incremental archives bring a list of names, which nobody reads.
    storedSize: header.typeFlag === "D" ? header.size : fileSize,
  };
}

function lastOf(records: Records, key: string): Buffer | undefined {
  for (let index = records.length - 1; index >= 0; index--) {
    const [name, value] = records[index] as Records[number];
    if (name === key) return value;
  }
  return undefined;
}

function isFileFlag(flag: string): boolean {
  return flag === "0" || flag === "\0" || flag === "7" || flag === "S";
}

/** undefined: nothing that belongs into a filesystem. Links, devices and ordinary directories never have a payload. */
function typeOf(header: RawHeader, path: string): TarEntry["type"] | undefined {
  switch (header.typeFlag) {
    case "\0":
      // Before there was a type for directories they were files with a slash at the end.
      return path.endsWith("/") ? "directory" : "file";
    case "0":
    case "7":
    case "S":
      return "file";
    case "1":
      return "hardlink";
    case "2":
      return "symlink";
    case "3":
      return "chardev";
    case "4":
      return "blockdev";
    case "5":
    case "D":
      return "directory";
    case "6":
      return "fifo";
    case "V":
      return undefined;
    case "M":
      throw new TarError("the archive is one part of several volumes");
    default:
      return header.size > 0 ? "file" : undefined;
  }
}

/** Fills in size and segments of a sparse file and returns how many bytes of map were read from the payload. */
function* readSparseMap(
  header: RawHeader,
  block: Buffer,
  records: Records,
  entry: TarEntry,
): Generator<TarWant, number, Buffer | undefined> {
  const number = (key: string) => {
    const value = lastOf(records, key);
    return value === undefined ? undefined : paxInteger(value, key);
  };
  if (header.typeFlag === "S") {
    const pairs = oldGnuPairs(block, 386, 4);
    entry.size = numberField(block, 483, 12, "real size");
    let mapBytes = 0;
    for (let more = block[482] !== 0; more; ) {
      const next = yield* need(blockSize);
      mapBytes += blockSize;
      pairs.push(...oldGnuPairs(next, 0, 21));
      if (pairs.length / 2 > maxSegments) throw new TarError("a sparse map is too long");
      more = next[504] !== 0;
    }
    entry.segments = segmentsFromPairs(pairs, entry.size, entry.storedSize);
    return mapBytes;
  }
  const realSize = number("GNU.sparse.realsize") ?? number("GNU.sparse.size");
  if (number("GNU.sparse.major") === 1) {
    if (realSize === undefined) throw new TarError("a sparse file does not tell its size");
    const { pairs, bytes } = yield* readLeadingMap(entry.storedSize);
    entry.size = realSize;
    entry.storedSize -= bytes;
    entry.segments = segmentsFromPairs(pairs, realSize, entry.storedSize);
    return bytes;
  }
  const pairs = paxMapPairs(records);
  if (pairs !== undefined && realSize !== undefined) {
    entry.size = realSize;
    entry.segments = segmentsFromPairs(pairs, realSize, entry.storedSize);
  }
  return 0;
}

/** Form 1.0: decimal numbers, one a line (count, then offset and length of each), padded to whole blocks. */
function* readLeadingMap(
  available: number,
): Generator<TarWant, { pairs: number[]; bytes: number }, Buffer | undefined> {
  const numbers: number[] = [];
  let text = "";
  let bytes = 0;
  while (numbers.length === 0 || numbers.length < 1 + 2 * (numbers[0] as number)) {
    if (bytes + blockSize > available) throw new TarError("a sparse map is longer than its member");
    text += (yield* need(blockSize)).toString("latin1");
    bytes += blockSize;
    const lines = text.split("\n");
    text = lines.pop() as string;
    for (const line of lines) {
      numbers.push(paxInteger(Buffer.from(line), "sparse map"));
      if ((numbers[0] as number) > maxSegments) throw new TarError("a sparse map is too long");
      if (numbers.length === 1 + 2 * (numbers[0] as number)) break;
    }
  }
  return { pairs: numbers.slice(1), bytes };
}

function* need(length: number): Generator<TarWant, Buffer, Buffer | undefined> {
  const bytes = yield { take: length };
  if (bytes === undefined) throw new TarError("the archive ends inside a sparse map");
  // The answer may be a window that the next request overwrites.
  return Buffer.from(bytes);
}

function untilNul(body: Buffer): string {
  const end = body.indexOf(0);
  return body.toString("latin1", 0, end === -1 ? body.length : end);
}

function padded(size: number): number {
  return Math.ceil(size / blockSize) * blockSize;
}
