import { Problem } from "../../api/problems.ts";
import { encodeAcl } from "./acl.ts";
import { crc32c } from "./crc32c.ts";
import { blockSize, inodeSize } from "./format.ts";
import { inodeXattrOffset } from "./inode.ts";

const magic = 0xea02_0000;
const blockHeaderSize = 32;
const inlineSize = inodeSize - inodeXattrOffset;

/** Well-known beginnings are stored as a number. Longest first where one begins with another. */
const prefixes: ReadonlyArray<readonly [string, number]> = [
  ["user.", 1],
  ["trusted.", 4],
  ["security.", 6],
  ["system.", 7],
];

interface Attribute {
  fullName: string;
  index: number;
  name: Buffer;
  value: Buffer;
}

interface StoredAttribute extends Attribute {
  hash: number;
  /** Where the value is, unless it is here. */
  valueInode?: number;
}

export interface EncodedXattrs {
  /** The area inside the inode, magic included. */
  inline?: Buffer;
  /** A block that lacks only its checksum (it depends on where the block is put). */
  block?: Buffer;
}

/** A value that has an inode of its own, because the block of its owner has no room for it. */
export interface OutsizedValue {
  /** The attribute's full name. */
  name: string;
  value: Buffer;
  inode: number;
}

/** What the inode and one block cannot hold: the largest values, as few as possible. */
export function outsizedXattrs(xattrs: ReadonlyMap<string, Buffer>, path: () => string): string[] {
  const { outside } = distribute(attributesOf(xattrs, path), new Set());
  let needed = blockBytesOf(outside);
  const chosen: string[] = [];
  for (const attribute of outside.toSorted((a, b) => b.value.length - a.value.length || compareAttributes(a, b))) {
    if (needed <= blockSize) break;
    needed -= roundUp4(attribute.value.length);
    chosen.push(attribute.fullName);
  }
  if (needed > blockSize) {
    throw new Problem("image/unsupported", {
      message: `the names of the extended attributes of ${path()} take ${needed} bytes; a drive can hold ${blockSize} for one file`,
    });
  }
  return chosen;
}

/**
 * Encodes the attributes of one inode: inside it where they fit, the rest in one block; of the `outsized` ones only the
 * number of the inode that holds the value stands there.
 *
 * Throws `image/unsupported` naming `path` when they do not fit, or an ACL is malformed. Names that Linux could not
 * store either (no known prefix, such as those of macOS archives) are left out.
 */
export function encodeXattrs(
  xattrs: ReadonlyMap<string, Buffer>,
  path: () => string,
  outsized: readonly OutsizedValue[] = [],
  filesystemSeed = 0,
): EncodedXattrs {
  if (xattrs.size === 0) return {};
  const attributes = attributesOf(xattrs, path);
  const { inline, outside } = distribute(attributes, new Set(outsized.map(({ name }) => name)));
  const stored = outside.map((attribute): StoredAttribute => {
    const value = outsized.find(({ name }) => name === attribute.fullName);
    if (value === undefined) return { ...attribute, hash: hashAttribute(attribute.name, attribute.value) };
    // The hash of the value stands in for the value.
    const sum = Buffer.alloc(4);
    sum.writeUInt32LE(hashOutsizedValue(attribute.value, filesystemSeed));
    return { ...attribute, valueInode: value.inode, hash: hashAttribute(attribute.name, sum) };
  });
  const needed = blockBytesOf(outside, new Set(outsized.map(({ name }) => name)));
  if (needed > blockSize) {
    throw new Problem("image/unsupported", {
      message: `${path()} has ${needed} bytes of extended attributes; a drive can hold ${blockSize} for one file`,
    });
  }
  return {
    ...(inline.length === 0 ? {} : { inline: encodeInline(inline) }),
    ...(outside.length === 0 ? {} : { block: encodeBlock(stored) }),
  };
}

/** What the inode of an outsized value says of it. */
export function hashOutsizedValue(value: Buffer, filesystemSeed: number): number {
  return crc32c(filesystemSeed, value);
}

function attributesOf(xattrs: ReadonlyMap<string, Buffer>, path: () => string): Attribute[] {
  return [...xattrs].flatMap(([name, value]) => toAttribute(name, value, path)).sort(compareAttributes);
}

/** Fills the inode first. */
function distribute(
  attributes: readonly Attribute[],
  outsized: ReadonlySet<string>,
): { inline: Attribute[]; outside: Attribute[] } {
  const inline: Attribute[] = [];
  const outside: Attribute[] = [];
  // The area begins with the magic, and four zero bytes end the list of names.
  let room = inlineSize - 8;
  for (const attribute of attributes) {
    if (sizeOf(attribute) <= room && !outsized.has(attribute.fullName)) {
      room -= sizeOf(attribute);
      inline.push(attribute);
    } else {
      outside.push(attribute);
    }
  }
  return { inline, outside };
}

function blockBytesOf(attributes: readonly Attribute[], outsized: ReadonlySet<string> = new Set()): number {
  return attributes.reduce(
    (sum, attribute) => sum + (outsized.has(attribute.fullName) ? entrySize(attribute) : sizeOf(attribute)),
    blockHeaderSize + 4,
  );
}

/** Completes a block from `encodeXattrs` once its address is known. */
export function sealXattrBlock(block: Buffer, address: number, filesystemSeed: number): void {
  const number = Buffer.alloc(8);
  number.writeBigUInt64LE(BigInt(address));
  block.writeUInt32LE(crc32c(crc32c(filesystemSeed, number), block), 16);
}

function toAttribute(fullName: string, value: Buffer, path: () => string): Attribute[] {
  if (fullName === "system.posix_acl_access" || fullName === "system.posix_acl_default") {
    const acl = encodeAcl(value);
    if (acl === undefined) {
      throw new Problem("image/unsupported", {
        message: `${path()} has a malformed access control list (${fullName})`,
      });
    }
    return [{ fullName, index: fullName.endsWith("access") ? 2 : 3, name: Buffer.alloc(0), value: acl }];
  }
  for (const [prefix, index] of prefixes) {
    if (!fullName.startsWith(prefix)) continue;
    const name = Buffer.from(fullName.slice(prefix.length), "latin1");
    if (name.length === 0 || name.length > 255) {
      throw new Problem("image/unsupported", {
        message: `${path()} has an extended attribute whose name has ${name.length} bytes after "${prefix}"; 1 to 255 are possible`,
      });
    }
    return [{ fullName, index, name, value }];
  }
  return [];
}

/** The order the kernel searches a block in. */
function compareAttributes(a: Attribute, b: Attribute): number {
  return a.index - b.index || a.name.length - b.name.length || a.name.compare(b.name);
}

const roundUp4 = (length: number) => (length + 3) & ~3;
const entrySize = (attribute: Attribute) => 16 + roundUp4(attribute.name.length);
const sizeOf = (attribute: Attribute) => entrySize(attribute) + roundUp4(attribute.value.length);

function encodeInline(attributes: readonly Attribute[]): Buffer {
  const area = Buffer.alloc(inlineSize);
  area.writeUInt32LE(magic, 0);
  // Offsets of values count from behind the magic; hashes stay zero inside inodes.
  writeAttributes(area.subarray(4), 0, attributes);
  return area;
}

function encodeBlock(attributes: readonly StoredAttribute[]): Buffer {
  const block = Buffer.alloc(blockSize);
  block.writeUInt32LE(magic, 0);
  block.writeUInt32LE(1, 4);
  block.writeUInt32LE(1, 8);
  const places = writeAttributes(block, blockHeaderSize, attributes);
  let blockHash = 0;
  attributes.forEach(({ hash }, index) => {
    block.writeUInt32LE(hash, (places[index] as number) + 12);
    blockHash = ((blockHash << 16) ^ (blockHash >>> 16) ^ hash) >>> 0;
  });
  block.writeUInt32LE(blockHash, 12);
  return block;
}

/** Names from `start` upwards, values from the end downwards. Returns where each name's entry begins. */
function writeAttributes(
  area: Buffer,
  start: number,
  attributes: ReadonlyArray<Attribute & { valueInode?: number }>,
): number[] {
  const places: number[] = [];
  let at = start;
  let valueAt = area.length;
  for (const attribute of attributes) {
    places.push(at);
    area.writeUInt8(attribute.name.length, at);
    area.writeUInt8(attribute.index, at + 1);
    area.writeUInt32LE(attribute.value.length, at + 8);
    attribute.name.copy(area, at + 16);
    if (attribute.valueInode === undefined) {
      valueAt -= roundUp4(attribute.value.length);
      area.writeUInt16LE(attribute.value.length === 0 ? 0 : valueAt, at + 2);
      attribute.value.copy(area, valueAt);
    } else {
      area.writeUInt32LE(attribute.valueInode, at + 4);
    }
    at += entrySize(attribute);
  }
  return places;
}

function hashAttribute(name: Buffer, value: Buffer): number {
  let hash = 0;
  for (const byte of name) hash = (hash << 5) ^ (hash >>> 27) ^ byte;
  const padded = Buffer.alloc(roundUp4(value.length));
  value.copy(padded);
  for (let at = 0; at < padded.length; at += 4) hash = (hash << 16) ^ (hash >>> 16) ^ padded.readUInt32LE(at);
  return hash >>> 0;
}
