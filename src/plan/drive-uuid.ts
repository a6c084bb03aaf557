import { createHash } from "node:crypto";

/**
 * The file system UUID of a drive that is formatted for a play: fstab can name it before the drive exists, and the
 * same drive gets the same one however often it is asked for. Version 8 of RFC 9562: free bits, ours from SHA-256.
 */
export function driveUuid(playId: string, machine: string, device: string): string {
  const bytes = createHash("sha256").update(["drive", playId, machine, device].join("\0")).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
