import { TarError } from "./tar-entry.ts";

export const blockSize = 512;

/** The fixed fields of one header block, numbers decoded, nothing interpreted yet. */
export interface RawHeader {
  name: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: number;
  typeFlag: string;
  linkName: string;
  /** "ustar" has a name prefix, "gnu" uses those bytes otherwise, "v7" ends after the link name. */
  dialect: "ustar" | "gnu" | "v7";
  major: number;
  minor: number;
}

export function isZeroBlock(block: Buffer): boolean {
  // One look decides for every header.
  if (block[0] !== 0) return false;
  return block.every(byte => byte === 0);
}

/** Decodes a header block; throws TarError when its checksum or a number is wrong. */
export function parseHeader(block: Buffer): RawHeader {
  verifyChecksum(block);
  const dialect = dialectOf(block);
  const prefix = dialect === "ustar" ? textField(block, 345, 155) : "";
  const name = textField(block, 0, 100);
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    mode: numberField(block, 100, 8, "mode"),
    uid: numberField(block, 108, 8, "uid"),
    gid: numberField(block, 116, 8, "gid"),
    size: numberField(block, 124, 12, "size"),
    mtime: numberField(block, 136, 12, "mtime"),
    typeFlag: String.fromCharCode(block[156] as number),
    linkName: textField(block, 157, 100),
    dialect,
    major: dialect === "v7" ? 0 : numberField(block, 329, 8, "device major"),
    minor: dialect === "v7" ? 0 : numberField(block, 337, 8, "device minor"),
  };
}

/** A name field: up to its end or the first NUL. */
function textField(block: Buffer, offset: number, length: number): string {
  let end = offset;
  while (end < offset + length && block[end] !== 0) end++;
  return end === offset ? "" : block.toString("latin1", offset, end);
}

/** Octal digits between blanks and NULs, or base-256 when the first bit is set (big numbers, negative times). */
export function numberField(block: Buffer, offset: number, length: number, what: string): number {
  const end = offset + length;
  if (((block[offset] as number) & 0x80) !== 0) return base256(block.subarray(offset, end), what);
  let at = offset;
  while (at < end && isBlank(block[at] as number)) at++;
  let value = 0;
  for (; at < end; at++) {
    const digit = (block[at] as number) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  if (at < end && !isBlank(block[at] as number)) throw new TarError(`the field "${what}" is not a number`);
  return value;
}

const isBlank = (byte: number) => byte === 0 || byte === 0x20;

function base256(field: Buffer, what: string): number {
  const negative = ((field[0] as number) & 0x40) !== 0;
  let value = 0n;
  for (const [index, byte] of field.entries()) value = (value << 8n) | BigInt(index === 0 ? byte & 0x7f : byte);
  if (negative) value -= 1n << BigInt(field.length * 8 - 1);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new TarError(`the field "${what}" is too large`);
  return number;
}

function dialectOf(block: Buffer): RawHeader["dialect"] {
  const magic = block.toString("latin1", 257, 265);
  if (magic === "ustar  \0") return "gnu";
  return magic.startsWith("ustar\0") ? "ustar" : "v7";
}

/** A header to look at in words, wherever it lay before. */
const words = new Int32Array(blockSize / 4);
const wordBytes = new Uint8Array(words.buffer);
const firstChecksumWord = 148 / 4;

function verifyChecksum(block: Buffer): void {
  const written = numberField(block, 148, 8, "checksum");
  wordBytes.set(block);
  // The field itself counts as blanks.
  words.fill(0x20202020, firstChecksumWord, firstChecksumWord + 2);
  // Two sums in one number: the bytes of a header sum up to less than 2^16 in either half.
  let sums = 0;
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as number;
    sums = (sums + (word & 0x00ff00ff) + ((word >>> 8) & 0x00ff00ff)) | 0;
  }
  const unsigned = (sums & 0xffff) + (sums >>> 16);
  if (written === unsigned) return;
  // Some old programs summed signed characters.
  const negative = wordBytes.reduce((count, byte) => count + (byte >>> 7), 0);
  if (written !== unsigned - 256 * negative) throw new TarError("a header has a wrong checksum");
}
