import type { BlockRange, Extent } from "./format.ts";

/**
 * Where the content of files lies, by inode number. Nearly every file is one run from its first block on and costs
 * eight bytes here; only the others keep a list.
 */
export class FilePlaces {
  /** A drive's blocks can be counted in 32 bits. */
  readonly #start: Uint32Array;
  readonly #length: Uint32Array;
  readonly #lists = new Map<number, readonly Extent[]>();

  constructor(lastInode: number) {
    this.#start = new Uint32Array(lastInode + 1);
    this.#length = new Uint32Array(lastInode + 1);
  }

  setRun(inode: number, { start, end }: BlockRange): void {
    this.#start[inode] = start;
    this.#length[inode] = end - start;
  }

  setExtents(inode: number, extents: readonly Extent[]): void {
    const [first] = extents;
    if (first === undefined) return;
    const { logical, physical, length } = first;
    if (extents.length === 1 && logical === 0) this.setRun(inode, { start: physical, end: physical + length });
    else this.#lists.set(inode, extents);
  }

  /** Empty for a file without stored blocks, and for everything that is no file. */
  extentsOf(inode: number): readonly Extent[] {
    const length = this.#length[inode] as number;
    if (length > 0) return [{ logical: 0, physical: this.#start[inode] as number, length }];
    return this.#lists.get(inode) ?? [];
  }
}
