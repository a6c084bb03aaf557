import { emptyDirectory, type Tree } from "../tree.ts";
import { LayerReader, MergeBudget } from "./layer-reader.ts";
import { PayloadFiles } from "./payload-files.ts";

/** A layer in the store. */
export interface DecodedLayer {
  path: string;
  /** For messages */
  label: string;
  /** Of the layer at this very place of the image, when something of it was read while it was decoded. Used up by merging. */
  reader?: LayerReader;
}

export interface MergedImage extends Disposable {
  tree: Tree;
  payloads: PayloadFiles;
  /** What had to be dropped or tolerated; at most a hundred lines. */
  warnings: string[];
}

/**
 * Builds the root filesystem of an image from its decoded layers, lowest first. The caller disposes of the result,
 * which holds the layers open. Rejects with `image/bad-layer` when a layer breaks the format or the rules.
 */
export async function mergeLayers(layers: readonly DecodedLayer[], signal?: AbortSignal): Promise<MergedImage> {
  const payloads = new PayloadFiles();
  const budget = new MergeBudget();
  let tree: Tree | undefined;
  try {
    for (const [index, layer] of layers.entries()) {
      signal?.throwIfAborted();
      const { fd, sizeBytes } = payloads.add(layer.path);
      const reader = layer.reader ?? new LayerReader(index, layer.label);
      tree = reader.finish(fd, sizeBytes, tree, budget);
      // Reading headers is synchronous; others get their turn between layers.
      await new Promise(resolve => setImmediate(resolve));
    }
  } catch (error) {
    payloads[Symbol.dispose]();
    throw error;
  }
  return {
    tree: tree ?? { root: emptyDirectory() },
    payloads,
    warnings: budget.warnings,
    [Symbol.dispose]: () => payloads[Symbol.dispose](),
  };
}
