import { crc32c, inodeSeed } from "./crc32c.ts";
import type { DirectoryOwner } from "./directory-leaf.ts";
import { hashSeed } from "./half-md4.ts";

/** What makes this filesystem itself; everything that would otherwise be random. */
export interface Identity {
  uuid: Buffer;
  hashSeed: Int32Array;
  /** Beginning of every checksum: derived from the UUID. */
  filesystemSeed: number;
  label: string;
}

/** UUID and directory hash seed from 32 bytes that depend on the content; a UUID that was asked for is taken as it is. */
export function identityFrom(seed: Buffer, label: string, wantedUuid?: Buffer): Identity {
  if (seed.length !== 32) throw new Error(`the seed of a drive has 32 bytes, not ${seed.length}`);
  const uuid = Buffer.from(wantedUuid ?? seed.subarray(0, 16));
  if (wantedUuid === undefined) {
    // Version 8 (neither time nor random) and the usual variant.
    uuid[6] = ((uuid[6] as number) & 0x0f) | 0x80;
    uuid[8] = ((uuid[8] as number) & 0x3f) | 0x80;
  }
  return { uuid, hashSeed: hashSeed(seed.subarray(16, 32)), filesystemSeed: crc32c(0xffff_ffff, uuid), label };
}

export function directoryOwner(identity: Identity, inode: number, parent: number): DirectoryOwner {
  return { inode, parent, seed: inodeSeed(identity.filesystemSeed, inode), hashSeed: identity.hashSeed };
}

export function formatUuid(uuid: Buffer): string {
  return uuid.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
