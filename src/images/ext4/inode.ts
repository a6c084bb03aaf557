import { Problem } from "../../api/problems.ts";
import { crc32c, inodeSeed } from "./crc32c.ts";
import { inodeSize } from "./format.ts";

/** Bytes of the large inode behind the first 128 that hold fields; extended attributes follow. */
const extraSize = 32;
/** Where extended attributes begin inside the inode. */
export const inodeXattrOffset = 128 + extraSize;

export interface InodeTime {
  seconds: number;
  nanoseconds: number;
}

export interface InodeFields {
  /** Type and permissions */
  mode: number;
  uid: number;
  gid: number;
  size: number;
  links: number;
  flags: number;
  time: InodeTime;
  /** Only of an inode that holds the value of an attribute: its hash takes the place of the times. */
  valueHash?: number;
  /** Everything that occupies disk for it: data, extent blocks, attribute block. */
  blocks512: number;
  /** Extent root, symlink target or device numbers: up to 60 bytes. */
  body: Uint8Array;
  /** Attribute area inside the inode, up to 96 bytes. */
  inlineXattrs?: Uint8Array | undefined;
  /** External attribute block, 0: none. */
  xattrBlock?: number;
}

/** Encodes one inode with its checksum into `into` at `at`, where 256 zero bytes are. */
export function encodeInode(
  into: DataView,
  at: number,
  inode: number,
  fields: InodeFields,
  filesystemSeed: number,
): void {
  // A view instead of a Buffer: its writes become single instructions, which halves the time for many small files.
  const bytes = new Uint8Array(into.buffer, into.byteOffset + at, inodeSize);
  into.setUint16(at, fields.mode, true);
  into.setUint16(at + 2, fields.uid & 0xffff, true);
  into.setUint32(at + 4, fields.size % 2 ** 32, true);
  into.setUint16(at + 24, fields.gid & 0xffff, true);
  into.setUint16(at + 26, fields.links, true);
  into.setUint32(at + 28, fields.blocks512 % 2 ** 32, true);
  into.setUint32(at + 32, fields.flags, true);
  bytes.set(fields.body, 40);
  const xattrBlock = fields.xattrBlock ?? 0;
  into.setUint32(at + 104, xattrBlock % 2 ** 32, true);
  into.setUint32(at + 108, Math.floor(fields.size / 2 ** 32), true);
  into.setUint16(at + 116, Math.floor(fields.blocks512 / 2 ** 32), true);
  into.setUint16(at + 118, Math.floor(xattrBlock / 2 ** 32), true);
  into.setUint16(at + 120, fields.uid >>> 16, true);
  into.setUint16(at + 122, fields.gid >>> 16, true);
  into.setUint16(at + 128, extraSize, true);
  if (fields.valueHash === undefined) {
    encodeTimes(into, at, fields.time);
  } else {
    into.setUint32(at + 8, fields.valueHash, true);
    // How many attributes it serves; the upper half, in the change time, stays zero.
    into.setUint32(at + 36, 1, true);
  }
  if (fields.inlineXattrs !== undefined) bytes.set(fields.inlineXattrs, inodeXattrOffset);
  const checksum = crc32c(inodeSeed(filesystemSeed, inode), bytes);
  into.setUint16(at + 124, checksum & 0xffff, true);
  into.setUint16(at + 130, checksum >>> 16, true);
}

const earliest = -(2 ** 31);
/** Beyond this the bits exist too, but e2fsck takes such a time for one before 1970 that an old kernel wrote. */
const latest = 3 * 2 ** 32 - 2 ** 31 - 1;

/**
 * Times are signed 32-bit seconds plus a word of 30 bits of nanoseconds and 2 bits that move the range up to the year
 * 2310; those outside what the format can say become its nearest.
 */
function encodeTimes(into: DataView, at: number, time: InodeTime): void {
  const seconds = Math.min(Math.max(time.seconds, earliest), latest);
  const low = seconds | 0;
  const extra = ((time.nanoseconds << 2) | ((seconds - low) / 2 ** 32)) >>> 0;
  // Access, change and modification time; their extra halves; creation time with its own.
  into.setInt32(at + 8, low, true);
  into.setInt32(at + 12, low, true);
  into.setInt32(at + 16, low, true);
  into.setInt32(at + 144, low, true);
  into.setUint32(at + 132, extra, true);
  into.setUint32(at + 136, extra, true);
  into.setUint32(at + 140, extra, true);
  into.setUint32(at + 148, extra, true);
}

/** The body of a device's inode; the old form where it fits, because every reader knows it. */
export function encodeDevice(major: number, minor: number, path: () => string): Buffer {
  const body = Buffer.alloc(8);
  if (major > 0xfff || minor > 0xf_ffff) {
    throw new Problem("image/unsupported", {
      message: `the device ${path()} has the number ${major}:${minor}; Linux knows majors to 4095 and minors to 1048575`,
    });
  }
  if (major < 256 && minor < 256) body.writeUInt32LE((major << 8) | minor, 0);
  else body.writeUInt32LE(((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0, 4);
  return body;
}
