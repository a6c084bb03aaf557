import { getHeapStatistics } from "node:v8";

const mebibyte = 1024 ** 2;

/** What the tree of an image is made of, as far as a layer of few bytes can ask for much of it. */
export interface TreeCosts {
  /** Members of the archives, and directories that are only implied by their paths. */
  files: number;
  /** Paths and link targets; of links that lead to a member each time they are followed. */
  nameBytes: number;
  xattrBytes: number;
  /** Pieces of sparse files. */
  segments: number;
}

const descriptions: Record<keyof TreeCosts, string> = {
  files: "files and directories",
  nameBytes: "bytes of paths and link targets",
  xattrBytes: "bytes of extended attributes",
  segments: "pieces of sparse files",
};

/** With the heap that Node takes on a host of 16 GiB; all of them together fill about half of it. */
const largestLimits: TreeCosts = {
  files: 2_000_000,
  nameBytes: 1024 * mebibyte,
  xattrBytes: 256 * mebibyte,
  segments: 2_000_000,
};
const heapOfLargestLimits = 4096 * mebibyte;

/** The same share of this process's heap. */
function limitsOfThisProcess(): TreeCosts {
  const share = Math.min(1, getHeapStatistics().heap_size_limit / heapOfLargestLimits);
  const { files, nameBytes, xattrBytes, segments } = largestLimits;
  return {
    files: Math.floor(files * share),
    nameBytes: Math.floor(nameBytes * share),
    xattrBytes: Math.floor(xattrBytes * share),
    segments: Math.floor(segments * share),
  };
}

/** The image asks for more memory than an image may have. */
export class BudgetError extends Error {
  override readonly name = "BudgetError";
}

/** What all layers of an image together may ask of the memory of this process, and have asked for so far. */
export class ImageBudget {
  readonly limits: TreeCosts;
  readonly spent: TreeCosts = { files: 0, nameBytes: 0, xattrBytes: 0, segments: 0 };

  constructor(limits: Partial<TreeCosts> = {}) {
    this.limits = { ...limitsOfThisProcess(), ...limits };
  }
}

/** What one layer spends of it, so that it can be given back. */
export class LayerCosts {
  readonly #budget: ImageBudget;
  readonly #own: TreeCosts = { files: 0, nameBytes: 0, xattrBytes: 0, segments: 0 };

  constructor(budget: ImageBudget) {
    this.#budget = budget;
  }

  /** Throws BudgetError when that is more than the image may have. */
  add(kind: keyof TreeCosts, amount: number): void {
    const { spent, limits } = this.#budget;
    this.#own[kind] += amount;
    spent[kind] += amount;
    if (spent[kind] <= limits[kind]) return;
    throw new BudgetError(`with it the image has more than ${limits[kind]} ${descriptions[kind]}`);
  }

  giveBack(): void {
    for (const kind of Object.keys(this.#own) as Array<keyof TreeCosts>) {
      this.#budget.spent[kind] -= this.#own[kind];
      this.#own[kind] = 0;
    }
  }
}
