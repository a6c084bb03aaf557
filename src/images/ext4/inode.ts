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
  /** Everything that occupies disk for it: data, extent blocks, attribute block. */
  blocks512: number;
  /** Extent root, symlink target or device numbers: up to 60 bytes. */
  body: Uint8Array;
  /** Attribute area inside the inode, up to 96 bytes. */
  inlineXattrs?: Uint8Array | undefined;
  /** External attribute block, 0: none. */
  xattrBlock?: number;
}

/** Encodes one inode with its checksum into `into` at `at`; those 256 bytes may hold anything before. */
export function encodeInode(
  into: Buffer,
  at: number,
  inode: number,
  fields: InodeFields,
  filesystemSeed: number,
): void {
  into.fill(0, at, at + inodeSize);
  into.writeUInt16LE(fields.mode, at);
  into.writeUInt16LE(fields.uid & 0xffff, at + 2);
  into.writeUInt32LE(fields.size % 2 ** 32, at + 4);
  into.writeUInt16LE(fields.gid & 0xffff, at + 24);
  into.writeUInt16LE(fields.links, at + 26);
  into.writeUInt32LE(fields.blocks512 % 2 ** 32, at + 28);
  into.writeUInt32LE(fields.flags, at + 32);
  into.set(fields.body, at + 40);
  const xattrBlock = fields.xattrBlock ?? 0;
  into.writeUInt32LE(xattrBlock % 2 ** 32, at + 104);
  into.writeUInt32LE(Math.floor(fields.size / 2 ** 32), at + 108);
  into.writeUInt16LE(Math.floor(fields.blocks512 / 2 ** 32), at + 116);
  into.writeUInt16LE(Math.floor(xattrBlock / 2 ** 32), at + 118);
  into.writeUInt16LE(fields.uid >>> 16, at + 120);
  into.writeUInt16LE(fields.gid >>> 16, at + 122);
  into.writeUInt16LE(extraSize, at + 128);
  const { low, extra } = encodeTime(fields.time);
  // Access, change and modification time; their extra halves; creation time with its own.
  for (const offset of [8, 12, 16, 144]) into.writeInt32LE(low, at + offset);
  for (const offset of [132, 136, 140, 148]) into.writeUInt32LE(extra, at + offset);
  if (fields.inlineXattrs !== undefined) into.set(fields.inlineXattrs, at + inodeXattrOffset);
  sealInode(into, at, inode, filesystemSeed);
}

function sealInode(into: Buffer, at: number, inode: number, filesystemSeed: number): void {
  const checksum = crc32c(inodeSeed(filesystemSeed, inode), into, at, at + inodeSize);
  into.writeUInt16LE(checksum & 0xffff, at + 124);
  into.writeUInt16LE(checksum >>> 16, at + 130);
}

const earliest = -(2 ** 31);
/** Beyond this the bits exist too, but e2fsck takes such a time for one before 1970 that an old kernel wrote. */
const latest = 3 * 2 ** 32 - 2 ** 31 - 1;

/**
 * Signed 32-bit seconds plus a word of 30 bits of nanoseconds and 2 bits that move the range up to the year 2310.
 * Times outside what the format can say become its nearest.
 */
function encodeTime(time: InodeTime): { low: number; extra: number } {
  const seconds = Math.min(Math.max(time.seconds, earliest), latest);
  const low = seconds | 0;
  const epoch = (seconds - low) / 2 ** 32;
  return { low, extra: ((time.nanoseconds << 2) | epoch) >>> 0 };
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
