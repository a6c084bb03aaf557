/** CRC-32C (Castagnoli), eight bytes a step. node:zlib has only the other polynomial. */

const tables = buildTables();

function buildTables(): Uint32Array {
  const result = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    result[byte] = crc;
  }
  for (let slice = 1; slice < 8; slice++) {
    for (let byte = 0; byte < 256; byte++) {
      const previous = result[(slice - 1) * 256 + byte] as number;
      result[slice * 256 + byte] = (previous >>> 8) ^ (result[previous & 0xff] as number);
    }
  }
  return result;
}

/**
 * Continues `crc` over bytes[start, end). No inversion before or after: ext4 starts from all ones once, and chains
 * the raw value through everything that seeds a structure.
 */
export function crc32c(crc: number, bytes: Uint8Array, start = 0, end = bytes.length): number {
  const table = tables;
  let value = crc | 0;
  let at = start;
  for (const stop = end - 7; at < stop; at += 8) {
    const low =
      value ^
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24));
    value =
      (table[1792 + (low & 0xff)] as number) ^
      (table[1536 + ((low >>> 8) & 0xff)] as number) ^
      (table[1280 + ((low >>> 16) & 0xff)] as number) ^
      (table[1024 + (low >>> 24)] as number) ^
      (table[768 + (bytes[at + 4] as number)] as number) ^
      (table[512 + (bytes[at + 5] as number)] as number) ^
      (table[256 + (bytes[at + 6] as number)] as number) ^
      (table[bytes[at + 7] as number] as number);
  }
  for (; at < end; at++) value = (value >>> 8) ^ (table[(value ^ (bytes[at] as number)) & 0xff] as number);
  return value >>> 0;
}

const word = new Uint8Array(4);

/** Continues `crc` over a 32-bit number in the little-endian form of the disk. */
export function crc32cOfWord(crc: number, value: number): number {
  word[0] = value;
  word[1] = value >>> 8;
  word[2] = value >>> 16;
  word[3] = value >>> 24;
  return crc32c(crc, word);
}

/** The seed of everything that belongs to one inode: its extents, its directory blocks, itself. */
export function inodeSeed(filesystemSeed: number, inode: number, generation = 0): number {
  return crc32cOfWord(crc32cOfWord(filesystemSeed, inode), generation);
}
