import { closeSync, openSync, readSync } from "node:fs";
import type { PayloadReference, PayloadSource } from "../../images/tree.ts";

/** Files on this host and bytes in memory as payloads. Files are opened when they are read, one at a time. */
export class HostFiles implements PayloadSource, Disposable {
  readonly #contents: Array<Buffer | { path: Buffer }> = [];
  #open: { layer: number; fd: number } | undefined;

  addFile(path: Buffer, sizeBytes: number): PayloadReference | undefined {
    return this.#add({ path }, sizeBytes);
  }

  addBytes(bytes: Buffer): PayloadReference | undefined {
    return this.#add(bytes, bytes.length);
  }

  read(payload: PayloadReference, logicalOffset: number, into: Uint8Array): void {
    if (logicalOffset + into.length > payload.length) throw new Error("read beyond the end of a file");
    const content = this.#contents[payload.layer];
    if (content === undefined) throw new Error(`no content ${payload.layer}`);
    if (Buffer.isBuffer(content)) {
      content.copy(into, 0, logicalOffset, logicalOffset + into.length);
      return;
    }
    if (this.#open?.layer !== payload.layer) {
      this[Symbol.dispose]();
      this.#open = { layer: payload.layer, fd: openSync(content.path, "r") };
    }
    for (let done = 0; done < into.length; ) {
      const count = readSync(this.#open.fd, into, done, into.length - done, logicalOffset + done);
      if (count === 0) throw new Error(`${content.path.toString()} became shorter while it was read`);
      done += count;
    }
  }

  [Symbol.dispose](): void {
    if (this.#open !== undefined) closeSync(this.#open.fd);
    this.#open = undefined;
  }

  #add(content: Buffer | { path: Buffer }, length: number): PayloadReference | undefined {
    if (length === 0) return undefined;
    return { layer: this.#contents.push(content) - 1, offset: 0, length };
  }
}
