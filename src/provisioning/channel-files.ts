import { randomBytes } from "node:crypto";
import type { SFTPWrapper } from "ssh2";
import { Problem } from "../api/problems.ts";

interface FileWait {
  /** Default 20 000: a request that is held for a minute has time for a second try. */
  timeoutMs?: number;
}

export interface FileOptions extends FileWait {
  /** Default 1 MiB. */
  maxBytes?: number;
}

export interface WriteFileOptions extends FileWait {
  /** Default 0o644, exactly: the guest's umask does not apply. */
  mode?: number;
}

interface Place {
  machine: string;
}

const chunkBytes = 32 * 1024;
const defaultTimeoutMs = 20_000;

/** The session may never answer again: the next operation needs another one. */
export class FileTimeout extends Error {}

export async function readGuestFile(sftp: SFTPWrapper, path: string, options: FileOptions & Place): Promise<Buffer> {
  const { maxBytes = 1024 * 1024 } = options;
  return bounded(path, "read", options, async () => {
    const handle = await call<Buffer>(done => sftp.open(path, "r", done));
    try {
      const chunks: Buffer[] = [];
      let size = 0;
      for (;;) {
        const chunk = await readChunk(sftp, handle, size);
        if (chunk === undefined) return Buffer.concat(chunks);
        size += chunk.length;
        if (size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`);
        chunks.push(chunk);
      }
    } finally {
      sftp.close(handle, () => {});
    }
  });
}

export async function writeGuestFile(
  sftp: SFTPWrapper,
  path: string,
  content: string | Uint8Array,
  options: WriteFileOptions & Place,
): Promise<void> {
  const bytes = Buffer.from(content as Uint8Array);
  const mode = options.mode ?? 0o644;
  const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  await bounded(path, "written", options, async () => {
    const handle = await call<Buffer>(done => sftp.open(temporary, "wx", { mode: 0o600 }, done));
    try {
      try {
        for (let at = 0; at < bytes.length; at += chunkBytes) {
          const length = Math.min(chunkBytes, bytes.length - at);
          await call<void>(done => sftp.write(handle, bytes, at, length, at, done));
        }
        await call<void>(done => sftp.fchmod(handle, mode, done));
      } finally {
        sftp.close(handle, () => {});
      }
      // Plain SFTP rename refuses to replace an existing file.
      await call<void>(done => sftp.ext_openssh_rename(temporary, path, done));
    } catch (error) {
      await call<void>(done => sftp.unlink(temporary, done)).catch(() => {
        // The connection is gone or the name was never created; the first error is the one to tell.
      });
      throw error;
    }
  });
}

/** Makes a directory unless something has that name already. */
export async function makeGuestDirectory(sftp: SFTPWrapper, path: string, mode: number, place: Place): Promise<void> {
  await bounded(path, "made", place, async () => {
    const exists = await call<unknown>(done => sftp.stat(path, done)).then(
      () => true,
      () => false,
    );
    if (!exists) await call<void>(done => sftp.mkdir(path, { mode }, done));
  });
}

/** undefined at the end of the file, which SFTP reports as an error with status 1. */
function readChunk(sftp: SFTPWrapper, handle: Buffer, position: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    sftp.read(handle, Buffer.alloc(chunkBytes), 0, chunkBytes, position, (error, bytesRead, buffer) => {
      if (error) {
        if ("code" in error && error.code === 1) resolve(undefined);
        else reject(error);
      } else {
        resolve(bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead));
      }
    });
  });
}

function call<T>(start: (done: (error: Error | null | undefined, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value as T)));
  });
}

async function bounded<T>(
  path: string,
  done: "read" | "written" | "made",
  { machine, timeoutMs = defaultTimeoutMs }: Place & FileWait,
  work: () => Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new FileTimeout(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  });
  try {
    return await Promise.race([work(), late]);
  } catch (cause) {
    throw new Problem("provisioning/file-failed", {
      message: `"${path}" on "${machine}" could not be ${done}: ${(cause as Error).message}`,
      where: { machine, step: "files" },
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}
