import { Problem } from "../../api/problems.ts";
import type { ArchiveParts } from "../tar/header-copier.ts";
import { TarError } from "../tar/tar-entry.ts";
import { TarFileReader } from "../tar/tar-file.ts";
import { emptyDirectory, type Tree } from "../tree.ts";
import { LayerContent } from "./apply-layer.ts";
import { LayerError, type Warn } from "./entry-path.ts";
import { BudgetError, type ImageBudget, LayerCosts } from "./image-budget.ts";

const maxWarnings = 100;

/**
 * Reads the members of one layer, of those whose headers are known already while the layer is still being decoded:
 * nobody is sure then that it is the promised layer, so nothing but this object may depend on it.
 */
export class LayerReader {
  /** Shared by all layers of the image. */
  readonly budget: ImageBudget;
  readonly #layer: number;
  readonly #label: string;
  #reading: Reading | undefined;
  #failure: Error | undefined;
  #isFinished = false;

  constructor(layer: number, label: string, budget: ImageBudget) {
    this.budget = budget;
    this.#layer = layer;
    this.#label = label;
    this.#reading = new Reading(layer, budget);
  }

  /** Goes on as far as these headers reach. A failure is told by `finish`, if the layer turns out to be genuine. */
  add(parts: ArchiveParts): void {
    if (this.#failure !== undefined || this.#reading === undefined) return;
    try {
      this.#reading.members.add(parts);
    } catch (error) {
      this.#failure = error as Error;
      // Perhaps it is another that has spent it all, and is not genuine: whoever is will be read once more.
      if (error instanceof BudgetError) this.forget();
    }
  }

  /** Gives back the memory of what was read early; `finish` reads it again. */
  forget(): void {
    this.#reading?.costs.giveBack();
    this.#reading = undefined;
    this.#failure = undefined;
  }

  /** Reads the rest of the decoded layer and puts all of it on top of `tree`; returns the tree to go on with. */
  finish(fd: number, sizeBytes: number, tree: Tree | undefined, warn: Warn): Tree {
    if (this.#isFinished) throw new Error(`${this.#label} was merged before`);
    this.#isFinished = true;
    try {
      if (this.#failure !== undefined) throw this.#failure;
      const { members, bottom, content, warnings } = this.#reading ?? new Reading(this.#layer, this.budget);
      members.finish(fd, sizeBytes);
      const merged = bottom ?? tree ?? { root: emptyDirectory() };
      content.applyTo(merged);
      for (const warning of warnings) warn(`${this.#label}: ${warning}`);
      return merged;
    } catch (error) {
      const isTooLarge = error instanceof BudgetError;
      if (!(isTooLarge || error instanceof TarError || error instanceof LayerError)) throw error;
      const message = `${this.#label}: ${error.message}`;
      throw new Problem(isTooLarge ? "image/too-large" : "image/bad-layer", { message, cause: error });
    }
  }
}

/** One reading of a layer, from its beginning. */
class Reading {
  /** Of the lowest layer: it has nothing to wait for. */
  readonly bottom: Tree | undefined;
  readonly costs: LayerCosts;
  readonly content: LayerContent;
  readonly members: TarFileReader;
  readonly warnings: string[] = [];

  constructor(layer: number, budget: ImageBudget) {
    this.bottom = layer === 0 ? { root: emptyDirectory() } : undefined;
    this.costs = new LayerCosts(budget);
    const warn = (message: string) => {
      if (this.warnings.length < maxWarnings) this.warnings.push(message);
    };
    this.content = new LayerContent({
      layer,
      warn,
      costs: this.costs,
      ...(this.bottom === undefined ? {} : { bottomOf: this.bottom }),
    });
    this.members = new TarFileReader({ onEntry: entry => this.content.add(entry), onWarning: warn });
  }
}
