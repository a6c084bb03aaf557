import { Problem } from "../../api/problems.ts";
import type { ArchiveParts } from "../tar/header-copier.ts";
import { TarError } from "../tar/tar-entry.ts";
import { TarFileReader } from "../tar/tar-file.ts";
import { emptyDirectory, type Tree } from "../tree.ts";
import { LayerContent } from "./apply-layer.ts";
import { LayerError } from "./entry-path.ts";

/** More members than any real image has, few enough for the memory of this process. */
const maxEntriesPerImage = 4_000_000;
const maxWarnings = 100;

/** What all layers of an image together may have and have said. */
export class MergeBudget {
  entriesLeft = maxEntriesPerImage;
  readonly warnings: string[] = [];

  warn(message: string): void {
    if (this.warnings.length < maxWarnings) this.warnings.push(message);
  }
}

/**
 * Reads the members of one layer, of those whose headers are known already while the layer is still being decoded:
 * nobody is sure then that it is the promised layer, so nothing but this object may depend on it.
 */
export class LayerReader {
  readonly #label: string;
  /** Of the lowest layer: it has nothing to wait for. */
  readonly #bottom: Tree | undefined;
  readonly #content: LayerContent;
  readonly #members: TarFileReader;
  readonly #warnings: string[] = [];
  #entryCount = 0;
  #failure: Error | undefined;
  #isFinished = false;

  constructor(layer: number, label: string) {
    this.#label = label;
    this.#bottom = layer === 0 ? { root: emptyDirectory() } : undefined;
    const warn = (message: string) => {
      if (this.#warnings.length < maxWarnings) this.#warnings.push(`${label}: ${message}`);
    };
    this.#content = new LayerContent({
      layer,
      warn,
      ...(this.#bottom === undefined ? {} : { bottomOf: this.#bottom }),
    });
    this.#members = new TarFileReader({
      maxEntries: maxEntriesPerImage,
      onEntry: entry => {
        this.#entryCount++;
        this.#content.add(entry);
      },
      onWarning: warn,
    });
  }

  /** Goes on as far as these headers reach. A failure is told by `finish`, if the layer turns out to be genuine. */
  add(parts: ArchiveParts): void {
    if (this.#failure !== undefined) return;
    try {
      this.#members.add(parts);
    } catch (error) {
      this.#failure = error as Error;
    }
  }

  /** Reads the rest of the decoded layer and puts all of it on top of `tree`; returns the tree to go on with. */
  finish(fd: number, sizeBytes: number, tree: Tree | undefined, budget: MergeBudget): Tree {
    if (this.#isFinished) throw new Error(`${this.#label} was merged before`);
    this.#isFinished = true;
    try {
      if (this.#failure !== undefined) throw this.#failure;
      this.#members.finish(fd, sizeBytes);
      budget.entriesLeft -= this.#entryCount;
      if (budget.entriesLeft < 0) throw new TarError(`the image has more than ${maxEntriesPerImage} members`);
      const merged = this.#bottom ?? tree ?? { root: emptyDirectory() };
      this.#content.applyTo(merged);
      for (const warning of this.#warnings) budget.warn(warning);
      return merged;
    } catch (error) {
      if (!(error instanceof TarError || error instanceof LayerError)) throw error;
      throw new Problem("image/bad-layer", { message: `${this.#label}: ${error.message}`, cause: error });
    }
  }
}
