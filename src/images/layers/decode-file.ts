import { createHash } from "node:crypto";
import { writeSync } from "node:fs";
import type { Digest } from "../digest.ts";
import { type ArchiveParts, HeaderCopier } from "../tar/header-copier.ts";
import type { GrowingFile } from "./growing-file.ts";
import { DecodeError, decodedChunks, isDecoderError } from "./inflate.ts";
import { giveRoomBack, takeRoom, type UnpackRoom } from "./unpack-room.ts";

/** No honest layer is much smaller than a hundredth of its content, apart from small ones full of zeros. */
const bombRatio = 100;
const reportEveryBytes = 4 * 1024 * 1024;

export interface DecodeTask {
  /** Descriptors of this process, open in the thread that gives the task: of the blob and of the file to write. */
  inputFd: number;
  outputFd: number;
  /** Size of the whole blob, which may still be on its way. */
  blobBytes: number;
  /** Below this much content no ratio is suspicious. */
  bombFloorBytes: number;
  /** For all layers of its image; undefined: only the ratio counts. */
  room?: UnpackRoom | undefined;
  /** Whether somebody wants the headers of the archive. */
  wantsHeaders?: boolean;
  /** For messages */
  label: string;
}

export interface DecodedFile {
  digest: Digest;
  sizeBytes: number;
}

/** Hears how a decoding goes on. Nothing is verified before it has ended. */
export interface DecodeListener {
  onDecoded(bytes: number): void;
  /** Headers of the archive that comes out, for whoever will read it. */
  onHeaders?: ((parts: ArchiveParts) => void) | undefined;
}

/**
 * Inflates, hashes and writes a blob in one loop. Rejects with DecodeError when its bytes are to blame, or the disk is
 * full; the room it took is free again then.
 */
export async function decodeFile(file: GrowingFile, task: DecodeTask, listener: DecodeListener): Promise<DecodedFile> {
  const headers = listener.onHeaders === undefined ? undefined : new HeaderCopier(listener.onHeaders);
  const hash = createHash("sha256");
  const limitBytes = Math.max(task.bombFloorBytes, task.blobBytes * bombRatio);
  let sizeBytes = 0;
  let reportedBytes = 0;
  try {
    for await (const chunk of decodedChunks(file, task.label)) {
      sizeBytes += chunk.length;
      if (task.room !== undefined && !takeRoom(task.room, chunk.length)) {
        throw new DecodeError(task.room.refusal.code, `${task.label}: ${task.room.refusal.message}`);
      }
      if (sizeBytes > limitBytes) {
        throw new DecodeError(
          "image/too-large",
          `${task.label} unpacks to more than ${limitBytes} bytes although it has only ${task.blobBytes}`,
        );
      }
      hash.update(chunk);
      headers?.add(chunk);
      writeFully(task.outputFd, chunk, sizeBytes - chunk.length);
      if (sizeBytes - reportedBytes >= reportEveryBytes) {
        reportedBytes = sizeBytes;
        listener.onDecoded(sizeBytes);
      }
    }
    headers?.flush();
    listener.onDecoded(sizeBytes);
  } catch (error) {
    if (task.room !== undefined) giveRoomBack(task.room, sizeBytes);
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") {
      throw new DecodeError("host/disk-full", `${task.label} could not be unpacked: the disk is full`, {
        cause: error,
      });
    }
    if (!isDecoderError(error)) throw error;
    const message = `${task.label} cannot be decompressed: ${(error as Error).message}`;
    throw new DecodeError("image/bad-layer", message, { cause: error });
  }
  return { digest: `sha256:${hash.digest("hex")}`, sizeBytes };
}

function writeFully(fd: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, position + done);
}
