/** What the kernel and the dynamic loader look at before a program runs. */
export interface Elf {
  /** 62 is x86-64 */
  machine: number;
  is64Bit: boolean;
  /** The dynamic loader, undefined for a static program. */
  interpreter?: string;
  /** Libraries by name, in order. */
  needed: string[];
  /** Directories of the program itself, "$ORIGIN" not yet replaced. */
  searchPath: string[];
}

/** Bytes of a file from an offset on; fewer at its end. */
export type ReadAt = (offset: number, length: number) => Buffer;

export const machineX86_64 = 62;
const programHeader = { load: 1, dynamic: 2, interpreter: 3 };
const dynamicTag = { needed: 1n, stringTable: 5n, stringTableSize: 10n, rpath: 15n, runpath: 29n };
/** Real programs stay far below; a hostile one gets no more memory than this. */
const limits = { programHeaders: 256, interpreter: 4096, dynamic: 64 * 1024, strings: 4 * 1024 * 1024, needed: 1000 };

interface Segment {
  type: number;
  offset: number;
  address: bigint;
  size: number;
}

/** Reads the headers of a program or library; undefined when it is no little-endian ELF file. */
export function readElf(read: ReadAt): Elf | undefined {
  const header = read(0, 64);
  if (header.length < 64 || header.readUInt32BE(0) !== 0x7f454c46 || header[5] !== 1) return undefined;
  const elf: Elf = { machine: header.readUInt16LE(18), is64Bit: header[4] === 2, needed: [], searchPath: [] };
  if (!elf.is64Bit) return elf;
  const segments = readSegments(header, read);
  const interpreter = segments.find(segment => segment.type === programHeader.interpreter);
  if (interpreter !== undefined && interpreter.size > 0) {
    elf.interpreter = untilNul(read(interpreter.offset, Math.min(interpreter.size, limits.interpreter)), 0);
  }
  const dynamic = segments.find(segment => segment.type === programHeader.dynamic);
  return dynamic === undefined ? elf : { ...elf, ...readDynamic(dynamic, segments, read) };
}

function readSegments(header: Buffer, read: ReadAt): Segment[] {
  const entrySize = header.readUInt16LE(54);
  const count = Math.min(header.readUInt16LE(56), limits.programHeaders);
  if (entrySize < 56) return [];
  const table = read(number(header.readBigUInt64LE(32)), entrySize * count);
  const segments: Segment[] = [];
  for (let at = 0; at + 56 <= table.length; at += entrySize) {
    segments.push({
      type: table.readUInt32LE(at),
      offset: number(table.readBigUInt64LE(at + 8)),
      address: table.readBigUInt64LE(at + 16),
      size: number(table.readBigUInt64LE(at + 32)),
    });
  }
  return segments;
}

function readDynamic(dynamic: Segment, segments: readonly Segment[], read: ReadAt): Pick<Elf, "needed" | "searchPath"> {
  const table = read(dynamic.offset, Math.min(dynamic.size, limits.dynamic));
  const tags: Array<[tag: bigint, value: bigint]> = [];
  for (let at = 0; at + 16 <= table.length; at += 16) {
    const tag = table.readBigUInt64LE(at);
    if (tag === 0n) break;
    tags.push([tag, table.readBigUInt64LE(at + 8)]);
  }
  const valueOf = (wanted: bigint) => tags.find(([tag]) => tag === wanted)?.[1];
  const strings = stringTable(valueOf(dynamicTag.stringTable), valueOf(dynamicTag.stringTableSize), segments, read);
  const needed = tags.filter(([tag]) => tag === dynamicTag.needed).slice(0, limits.needed);
  // With a RUNPATH the loader ignores the older RPATH.
  const path = valueOf(dynamicTag.runpath) ?? valueOf(dynamicTag.rpath);
  return {
    needed: needed.map(([, value]) => untilNul(strings, number(value))).filter(name => name !== ""),
    searchPath:
      path === undefined
        ? []
        : untilNul(strings, number(path))
            .split(":")
            .filter(directory => directory !== ""),
  };
}

/** The dynamic section names an address in memory; the segment it lies in tells the place in the file. */
function stringTable(
  address: bigint | undefined,
  size: bigint | undefined,
  segments: readonly Segment[],
  read: ReadAt,
): Buffer {
  if (address === undefined || size === undefined) return Buffer.alloc(0);
  const segment = segments.find(
    ({ type, address: start, size: length }) =>
      type === programHeader.load && address >= start && address < start + BigInt(length),
  );
  if (segment === undefined) return Buffer.alloc(0);
  return read(segment.offset + number(address - segment.address), Math.min(number(size), limits.strings));
}

function untilNul(bytes: Buffer, from: number): string {
  if (from >= bytes.length) return "";
  const end = bytes.indexOf(0, from);
  return bytes.toString("latin1", from, end < 0 ? bytes.length : end);
}

/** A file that lies about its offsets points beyond its end, which reads as nothing. */
function number(value: bigint): number {
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? 2 ** 52 : Number(value);
}
