import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { constants, gunzipSync, zstdDecompressSync } from "node:zlib";
import { Problem } from "../../api/problems.ts";
import { run } from "../../host/process.ts";
import { decodeLz4Legacy } from "../../lib/lz4.ts";

/** The compressed kernel inside a bzImage, found by the x86 boot protocol's header (version 2.08 and later). */
export interface KernelPayload {
  compression: "gzip" | "xz" | "zstd" | "lz4" | "unknown";
  data: Buffer;
  /** Size of the ELF file inside: the builder appends it to the payload. */
  unpackedBytes: number;
}

const magics: Array<[KernelPayload["compression"], string]> = [
  ["gzip", "1f8b"],
  ["xz", "fd377a585a00"],
  ["zstd", "28b52ffd"],
  ["lz4", "02214c18"],
];
const unpackedBytesMax = 512 * 1024 * 1024;

export function findKernelPayload(image: Buffer): KernelPayload | undefined {
  if (image.length < 0x260 || image.toString("latin1", 0x202, 0x206) !== "HdrS") return undefined;
  if (image.readUInt16LE(0x206) < 0x0208) return undefined;
  const setupSectors = image[0x1f1] || 4;
  const start = (setupSectors + 1) * 512 + image.readUInt32LE(0x248);
  const payload = image.subarray(start, start + image.readUInt32LE(0x24c));
  if (payload.length < 16) return undefined;
  const magic = payload.toString("hex", 0, 6);
  const compression = magics.find(([, prefix]) => magic.startsWith(prefix))?.[0] ?? "unknown";
  // gzip ends in this very size by itself; for the other formats the build appends it.
  const data = compression === "gzip" ? payload : payload.subarray(0, -4);
  return { compression, data, unpackedBytes: payload.readUInt32LE(payload.length - 4) };
}

/**
 * The uncompressed ELF kernel inside a bzImage, or undefined when it cannot be had or cannot be booted directly.
 *
 * Under software emulation decompressing in the guest costs seconds (xz) or tenths (lz4) at every boot; QEMU enters
 * the ELF file at its PVH entry instead. The guest's kernel then lies at its link address (no KASLR).
 */
export async function extractBootableElf(
  image: Buffer,
  options: { scratchDirectory: string; signal: AbortSignal },
): Promise<Buffer | undefined> {
  const payload = findKernelPayload(image);
  if (payload === undefined || payload.unpackedBytes > unpackedBytesMax) return undefined;
  const elf = await unpack(payload, options);
  return elf !== undefined && elf.length === payload.unpackedBytes && hasPvhEntry(elf) ? elf : undefined;
}

async function unpack(
  { compression, data, unpackedBytes }: KernelPayload,
  options: { scratchDirectory: string; signal: AbortSignal },
): Promise<Buffer | undefined> {
  // A window of 128 MiB: kernels are packed with zstd's long range settings.
  const zstd = { maxOutputLength: unpackedBytes, params: { [constants.ZSTD_d_windowLogMax]: 27 } };
  if (compression === "gzip") return gunzipSync(data, { maxOutputLength: unpackedBytes });
  if (compression === "zstd") return zstdDecompressSync(data, zstd);
  if (compression === "lz4") return decodeLz4Legacy(data, unpackedBytes);
  return compression === "xz" ? await unpackXz(data, options) : undefined;
}

/** Node has no xz; where the program is missing the compressed image is booted. */
async function unpackXz(data: Buffer, options: { scratchDirectory: string; signal: AbortSignal }) {
  const packed = join(options.scratchDirectory, "payload.xz");
  const unpacked = join(options.scratchDirectory, "payload");
  try {
    await writeFile(packed, data);
    const xz = await run(["xz", "--decompress", "--single-stream", packed], {
      signal: options.signal,
      allowFailure: true,
    }).catch((error: unknown) => {
      if (error instanceof Problem && error.code === "host/tool-missing") return undefined;
      throw error;
    });
    return xz?.exitCode === 0 ? await readFile(unpacked) : undefined;
  } finally {
    await rm(packed, { force: true });
    await rm(unpacked, { force: true });
  }
}

/** Looks for the ELF note "Xen", type 18 (XEN_ELFNOTE_PHYS32_ENTRY): the address where PVH loaders enter. */
function hasPvhEntry(elf: Buffer): boolean {
  if (elf.length < 64 || elf.toString("hex", 0, 5) !== "7f454c4602") return false;
  const headers = Number(elf.readBigUInt64LE(32));
  const headerBytes = elf.readUInt16LE(54);
  const count = elf.readUInt16LE(56);
  for (let index = 0; index < count; index += 1) {
    const at = headers + index * headerBytes;
    if (at + 56 > elf.length) return false;
    if (elf.readUInt32LE(at) !== 4) continue;
    const start = Number(elf.readBigUInt64LE(at + 8));
    if (notesHavePvhEntry(elf.subarray(start, start + Number(elf.readBigUInt64LE(at + 32))))) return true;
  }
  return false;
}

function notesHavePvhEntry(notes: Buffer): boolean {
  for (let at = 0; at + 12 <= notes.length; ) {
    const nameBytes = notes.readUInt32LE(at);
    const dataBytes = notes.readUInt32LE(at + 4);
    const type = notes.readUInt32LE(at + 8);
    if (type === 18 && notes.toString("latin1", at + 12, at + 15) === "Xen") return true;
    at += 12 + Math.ceil(nameBytes / 4) * 4 + Math.ceil(dataBytes / 4) * 4;
  }
  return false;
}
