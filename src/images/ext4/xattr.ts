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
  index: number;
  name: Buffer;
  value: Buffer;
}

export interface EncodedXattrs {
  /** The area inside the inode, magic included. */
  inline?: Buffer;
  /** A block that lacks only its checksum (it depends on where the block is put). */
  block?: Buffer;
}

/**
 * Encodes the attributes of one inode: inside it where they fit, the rest in one block.
 *
 * Throws `image/unsupported` naming `path` when they fit neither, or an ACL is malformed. Names that Linux could not
 * store either (no known prefix, such as those of macOS archives) are left out.
 */
export function encodeXattrs(xattrs: ReadonlyMap<string, Buffer>, path: () => string): EncodedXattrs {
  if (xattrs.size === 0) return {};
  const attributes = [...xattrs].flatMap(([name, value]) => toAttribute(name, value, path));
  attributes.sort(compareAttributes);
  const inline: Attribute[] = [];
  const outside: Attribute[] = [];
  // The area begins with the magic, and four zero bytes end the list of names.
  let room = inlineSize - 8;
  for (const attribute of attributes) {
    if (sizeOf(attribute) <= room) {
      room -= sizeOf(attribute);
      inline.push(attribute);
    } else {
      outside.push(attribute);
    }
  }
  const needed = outside.reduce((sum, attribute) => sum + sizeOf(attribute), blockHeaderSize + 4);
  if (needed > blockSize) {
    throw new Problem("image/unsupported", {
      message: `${path()} has ${needed} bytes of extended attributes; a drive can hold ${blockSize} for one file`,
    });
  }
  return {
    ...(inline.length === 0 ? {} : { inline: encodeInline(inline) }),
    ...(outside.length === 0 ? {} : { block: encodeBlock(outside) }),
  };
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
    return [{ index: fullName.endsWith("access") ? 2 : 3, name: Buffer.alloc(0), value: acl }];
  }
  for (const [prefix, index] of prefixes) {
    if (!fullName.startsWith(prefix)) continue;
    const name = Buffer.from(fullName.slice(prefix.length), "latin1");
    if (name.length === 0 || name.length > 255) {
      throw new Problem("image/unsupported", {
        message: `${path()} has an extended attribute whose name has ${name.length} bytes after "${prefix}"; 1 to 255 are possible`,
      });
    }
    return [{ index, name, value }];
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

function encodeBlock(attributes: readonly Attribute[]): Buffer {
  const block = Buffer.alloc(blockSize);
  block.writeUInt32LE(magic, 0);
  block.writeUInt32LE(1, 4);
  block.writeUInt32LE(1, 8);
  const places = writeAttributes(block, blockHeaderSize, attributes);
  let blockHash = 0;
  attributes.forEach((attribute, index) => {
    const hash = hashAttribute(attribute);
    block.writeUInt32LE(hash, (places[index] as number) + 12);
    blockHash = ((blockHash << 16) ^ (blockHash >>> 16) ^ hash) >>> 0;
  });
  block.writeUInt32LE(blockHash, 12);
  return block;
}

/** Names from `start` upwards, values from the end downwards. Returns where each name's entry begins. */
function writeAttributes(area: Buffer, start: number, attributes: readonly Attribute[]): number[] {
  const places: number[] = [];
  let at = start;
  let valueAt = area.length;
  for (const attribute of attributes) {
    places.push(at);
    valueAt -= roundUp4(attribute.value.length);
    area.writeUInt8(attribute.name.length, at);
    area.writeUInt8(attribute.index, at + 1);
    area.writeUInt16LE(attribute.value.length === 0 ? 0 : valueAt, at + 2);
    area.writeUInt32LE(attribute.value.length, at + 8);
    attribute.name.copy(area, at + 16);
    attribute.value.copy(area, valueAt);
    at += entrySize(attribute);
  }
  return places;
}

function hashAttribute({ name, value }: Attribute): number {
  let hash = 0;
  for (const byte of name) hash = (hash << 5) ^ (hash >>> 27) ^ byte;
  const padded = Buffer.alloc(roundUp4(value.length));
  value.copy(padded);
  for (let at = 0; at < padded.length; at += 4) hash = (hash << 16) ^ (hash >>> 16) ^ padded.readUInt32LE(at);
  return hash >>> 0;
}
