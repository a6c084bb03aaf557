/** What the kernel looks at before it runs a program. */
export interface ElfHeader {
  /** 62 is x86-64 */
  machine: number;
  is64Bit: boolean;
  /** The dynamic loader, undefined for a static program. */
  interpreter?: string;
}

export const machineX86_64 = 62;
const programHeaderInterp = 3;

/** Reads the first bytes of a program (64 KiB are plenty); undefined when they are no ELF header. */
export function parseElf(bytes: Buffer): ElfHeader | undefined {
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[5] !== 1) return undefined;
  const header = { machine: bytes.readUInt16LE(18), is64Bit: bytes[4] === 2 };
  if (!header.is64Bit) return header;
  const tableOffset = Number(bytes.readBigUInt64LE(32));
  const entrySize = bytes.readUInt16LE(54);
  const count = bytes.readUInt16LE(56);
  for (let index = 0; index < count; index++) {
    const at = tableOffset + index * entrySize;
    if (entrySize < 56 || at + 56 > bytes.length) break;
    if (bytes.readUInt32LE(at) !== programHeaderInterp) continue;
    const offset = Number(bytes.readBigUInt64LE(at + 8));
    const size = Number(bytes.readBigUInt64LE(at + 32));
    if (offset + size > bytes.length || size === 0) break;
    return { ...header, interpreter: bytes.toString("latin1", offset, offset + size).replace(/\0.*$/s, "") };
  }
  return header;
}
