import { Problem } from "../../api/problems.ts";
import type { BlockRange, Extent } from "./format.ts";
import type { Layout } from "./layout.ts";

/**
 * Hands out free blocks in ascending order and steps over the filesystem's own metadata.
 *
 * Nothing below `position` is free, so this one number together with the metadata ranges is the whole block bitmap.
 */
export class BlockCursor {
  /** Every block below is in use. */
  position = 0;
  readonly #blockCount: number;
  readonly #metadata: readonly BlockRange[];
  #nextRange = 0;

  constructor(layout: Layout) {
    this.#blockCount = layout.blockCount;
    this.#metadata = layout.metadata;
    this.#skipMetadata();
  }

  /** How many blocks can be taken in one piece. */
  get room(): number {
    return (this.#metadata[this.#nextRange]?.start ?? this.#blockCount) - this.position;
  }

  /** Takes `blocks` blocks, at most `room`, and returns the first. */
  take(blocks: number): number {
    if (blocks > this.room) throw new Error(`took ${blocks} blocks where ${this.room} are free`);
    const start = this.position;
    this.position += blocks;
    if (this.room === 0) this.#skipMetadata();
    return start;
  }

  /** Takes blocks that need not be in one piece. */
  takePieces(blocks: number): Extent[] {
    const extents: Extent[] = [];
    for (let logical = 0; logical < blocks; ) {
      const length = Math.min(blocks - logical, this.room);
      if (length === 0) throw outOfBlocks();
      extents.push({ logical, physical: this.take(length), length });
      logical += length;
    }
    return extents;
  }

  #skipMetadata(): void {
    for (;;) {
      const range = this.#metadata[this.#nextRange];
      if (range === undefined || range.start > this.position) return;
      this.position = Math.max(this.position, range.end);
      this.#nextRange++;
    }
  }
}

/** Reached only if the estimate made before writing was too low. */
export function outOfBlocks(): Problem {
  return new Problem("image/too-big-for-drive", { message: "the content needs more blocks than the drive has" });
}
