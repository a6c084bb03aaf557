const k2 = 0x5a827999;
const k3 = 0x6ed9eba1;

/** Which word of the input each of the eight steps of a round takes, and by how much it rotates. */
const rounds = [
  { add: 0, order: [0, 1, 2, 3, 4, 5, 6, 7], rotate: [3, 7, 11, 19] },
  { add: k2, order: [1, 3, 5, 7, 0, 2, 4, 6], rotate: [3, 5, 9, 13] },
  { add: k3, order: [3, 7, 2, 6, 1, 5, 0, 4], rotate: [3, 9, 11, 15] },
] as const;

function mix(round: number, x: number, y: number, z: number): number {
  if (round === 0) return z ^ (x & (y ^ z));
  if (round === 1) return ((x & y) + ((x ^ y) & z)) | 0;
  return x ^ y ^ z;
}

/** One block of the cut-down MD4: `state` (four words) absorbs `input` (eight words). */
function transform(state: Int32Array, input: Int32Array): void {
  const s = [state[0] as number, state[1] as number, state[2] as number, state[3] as number];
  for (let round = 0; round < 3; round++) {
    const { add, order, rotate } = rounds[round] as (typeof rounds)[number];
    for (let step = 0; step < 8; step++) {
      // The roles of a, b, c, d move one place back with every step.
      const a = (4 - (step & 3)) & 3;
      const x = s[(a + 1) & 3] as number;
      const y = s[(a + 2) & 3] as number;
      const z = s[(a + 3) & 3] as number;
      const sum = ((s[a] as number) + mix(round, x, y, z) + (input[order[step] as number] as number) + add) | 0;
      const shift = rotate[step & 3] as number;
      s[a] = (sum << shift) | (sum >>> (32 - shift));
    }
  }
  for (let word = 0; word < 4; word++) state[word] = (state[word] as number) + (s[word] as number);
}

/** Up to 32 bytes of the name as eight words; characters are signed, the rest is filled with the length. */
function loadWords(name: string, from: number, into: Int32Array): void {
  const left = name.length - from;
  let pad = left | (left << 8);
  pad |= pad << 16;
  const used = Math.min(left, 32);
  let value = pad;
  let word = 0;
  for (let index = 0; index < used; index++) {
    value = (((name.charCodeAt(from + index) << 24) >> 24) + (value << 8)) | 0;
    if ((index & 3) === 3) {
      into[word++] = value;
      value = pad;
    }
  }
  if (word < 8) into[word++] = value;
  while (word < 8) into[word++] = pad;
}

const state = new Int32Array(4);
const input = new Int32Array(8);

/**
 * The kernel's directory hash "half MD4" with *signed* characters; the superblock's flag says the same.
 *
 * `name` is a latin1 string. The result is the major hash with its lowest bit clear: that bit marks a hash whose
 * entries continue in the next leaf.
 */
export function halfMd4(name: string, seed: Int32Array): number {
  state.set(seed);
  for (let at = 0; at < name.length; at += 32) {
    loadWords(name, at, input);
    transform(state, input);
  }
  const hash = ((state[1] as number) & ~1) >>> 0;
  // The highest value means "end of directory" to readers.
  return hash === 0xffff_fffe ? 0xffff_fffc : hash;
}

/** Four little-endian words; never all zero, because that would mean the algorithm's default seed. */
export function hashSeed(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const seed = Int32Array.from([0, 4, 8, 12], at => view.getInt32(at, true));
  if (seed.every(value => value === 0)) seed[0] = 1;
  return seed;
}
