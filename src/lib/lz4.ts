/** Starts the "legacy" frame that Linux builds use: blocks of at most 8 MiB, each behind its compressed size. */
const legacyMagic = 0x184c2102;
const legacyBlockBytes = 8 * 1024 * 1024;

/**
 * Unpacks an LZ4 "legacy" stream, as found in kernel images; Node brings no LZ4.
 *
 * Reads blocks until `outputBytes` are there. Throws on anything that does not decode to exactly that many.
 */
export function decodeLz4Legacy(input: Buffer, outputBytes: number): Buffer {
  if (input.length < 4 || input.readUInt32LE(0) !== legacyMagic) throw new Error("not an LZ4 legacy stream");
  const output = Buffer.alloc(outputBytes);
  let at = 4;
  let filled = 0;
  while (filled < outputBytes) {
    if (at + 4 > input.length) throw new Error("the LZ4 stream ends early");
    const size = input.readUInt32LE(at);
    const block = input.subarray(at + 4, at + 4 + size);
    if (size === 0 || block.length < size) throw new Error("the LZ4 stream ends early");
    const end = Math.min(outputBytes, filled + legacyBlockBytes);
    filled = decodeBlock(block, output, filled, end);
    at += 4 + size;
  }
  return output;
}

/** Decodes one block behind what is there already; matches never reach before `start`. Returns the new end. */
function decodeBlock(input: Buffer, output: Buffer, start: number, end: number): number {
  let from = 0;
  let to = start;
  const next = () => {
    const byte = input[from];
    if (byte === undefined) throw new Error("an LZ4 block ends early");
    from += 1;
    return byte;
  };
  const length = (nibble: number) => {
    let total = nibble;
    if (nibble !== 15) return total;
    for (;;) {
      const byte = next();
      total += byte;
      if (byte !== 255) return total;
    }
  };
  for (;;) {
    const token = next();
    const literals = length(token >> 4);
    if (from + literals > input.length || to + literals > end) throw new Error("an LZ4 block is damaged");
    input.copy(output, to, from, from + literals);
    from += literals;
    to += literals;
    if (from === input.length) return to;
    const distance = next() | (next() << 8);
    const matched = length(token & 15) + 4;
    if (distance === 0 || to - distance < start || to + matched > end) throw new Error("an LZ4 block is damaged");
    // A match may overlap what it produces, so it is copied in steps no longer than its distance.
    for (let copied = 0; copied < matched; ) {
      const step = Math.min(matched - copied, distance);
      output.copyWithin(to + copied, to - distance, to - distance + step);
      copied += step;
    }
    to += matched;
  }
}
