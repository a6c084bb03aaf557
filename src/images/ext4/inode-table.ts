import type { PositionedFile } from "./block-writer.ts";
import { blockSize, inodeSize, inodesPerBlock } from "./format.ts";
import { encodeInode, type InodeFields } from "./inode.ts";
import type { Layout } from "./layout.ts";

const inodesPerWrite = 4096;

/** Writes inodes in ascending order, many at a time; parts of the table that nobody uses stay holes. */
export class InodeTableWriter {
  readonly #layout: Layout;
  readonly #file: PositionedFile;
  readonly #seed: number;
  #buffer = new Uint8Array(0);
  #view = new DataView(this.#buffer.buffer);
  /** Number (from 0) of the first inode in the buffer, and how many it is for. */
  #first = 0;
  #capacity = 0;
  #used = 0;

  constructor(layout: Layout, file: PositionedFile, filesystemSeed: number) {
    this.#layout = layout;
    this.#file = file;
    this.#seed = filesystemSeed;
  }

  put(inode: number, fields: InodeFields): void {
    const index = inode - 1;
    if (index >= this.#first + this.#capacity) {
      this.finish();
      this.#begin(index);
    }
    encodeInode(this.#view, (index - this.#first) * inodeSize, inode, fields, this.#seed);
    this.#used = index - this.#first + 1;
  }

  /** Posts what is left. */
  finish(): void {
    if (this.#used === 0) return;
    const { groups, inodesPerGroup } = this.#layout;
    const group = groups[Math.floor(this.#first / inodesPerGroup)];
    if (group === undefined) throw new Error(`inode ${this.#first + 1} is beyond the last group`);
    const bytes = Math.ceil(this.#used / inodesPerBlock) * blockSize;
    const position = group.inodeTable * blockSize + (this.#first % inodesPerGroup) * inodeSize;
    this.#file.post(this.#buffer.subarray(0, bytes), position);
    this.#used = 0;
    this.#capacity = 0;
  }

  #begin(index: number): void {
    const { inodesPerGroup } = this.#layout;
    // From the start of a table block, so that a write never cuts off inodes before this one.
    this.#first = index - (index % inodesPerBlock);
    this.#capacity = Math.min(inodesPerWrite, inodesPerGroup - (this.#first % inodesPerGroup));
    // A new one each time: the last one is still being written, and inodes want zeros.
    this.#buffer = new Uint8Array(this.#capacity * inodeSize);
    this.#view = new DataView(this.#buffer.buffer);
  }
}
