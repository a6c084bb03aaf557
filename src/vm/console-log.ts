import { open, rename, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

/** Two files of this size at most: the current one and, beside it, the one before (".1"). */
const fileBytesMax = 512 * 1024;
/** What may wait for the disk. A guest can print faster than a disk writes; what does not fit is counted and left out. */
const waitingBytesMax = 256 * 1024;

/**
 * Appends a byte stream to a file, bounded on disk and in memory, never blocking whoever writes.
 *
 * A disk that is full or gone costs log, not the machine: such failures are counted as dropped bytes.
 */
export class ConsoleLog {
  readonly #path: string;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #droppedBytes = 0;
  #writing: Promise<void> | undefined;
  #file: FileHandle | undefined;
  #fileBytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  append(chunk: Uint8Array): void {
    if (this.#waitingBytes + chunk.length > waitingBytesMax) {
      this.#droppedBytes += chunk.length;
      return;
    }
    this.#waiting.push(Buffer.from(chunk));
    this.#waitingBytes += chunk.length;
    this.#writing ??= this.#drain().finally(() => (this.#writing = undefined));
  }

  /** Resolves when everything appended so far is in the file or dropped, and the file is closed. */
  async close(): Promise<void> {
    while (this.#writing) await this.#writing;
    await this.#file?.close().catch(() => undefined);
    this.#file = undefined;
  }

  async #drain(): Promise<void> {
    while (this.#waitingBytes > 0) {
      const chunks = this.#waiting;
      const bytes = this.#waitingBytes;
      this.#waiting = [];
      this.#waitingBytes = 0;
      try {
        await this.#write(Buffer.concat([...this.#dropNotice(), ...chunks]));
      } catch {
        this.#droppedBytes += bytes;
        await this.#file?.close().catch(() => undefined);
        this.#file = undefined;
      }
    }
  }

  #dropNotice(): Buffer[] {
    if (this.#droppedBytes === 0) return [];
    const notice = Buffer.from(`\r\n[${this.#droppedBytes} bytes of console output were dropped]\r\n`);
    this.#droppedBytes = 0;
    return [notice];
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#fileBytes + bytes.length > fileBytesMax && this.#fileBytes > 0) {
      await this.#file?.close();
      this.#file = undefined;
      await rename(this.#path, `${this.#path}.1`);
    }
    if (this.#file === undefined) {
      this.#file = await open(this.#path, "a", 0o600);
      this.#fileBytes = (await stat(this.#path)).size;
    }
    await this.#file.appendFile(bytes);
    this.#fileBytes += bytes.length;
  }
}
