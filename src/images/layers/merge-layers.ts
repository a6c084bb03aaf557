import { emptyDirectory, type Tree } from "../tree.ts";
import { ImageBudget } from "./image-budget.ts";
import { LayerReader } from "./layer-reader.ts";
import { PayloadFiles } from "./payload-files.ts";

const maxWarnings = 100;

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
 * which holds the layers open. Rejects with `image/bad-layer` when a layer breaks the format or the rules, and with
 * `image/too-large` when the tree would take more memory than one of an image may.
 */
export async function mergeLayers(layers: readonly DecodedLayer[], signal?: AbortSignal): Promise<MergedImage> {
  const payloads = new PayloadFiles();
  // What was read early has been paid from it already.
  const budget = layers.find(({ reader }) => reader !== undefined)?.reader?.budget ?? new ImageBudget();
  const warnings: string[] = [];
  const warn = (message: string) => {
    if (warnings.length < maxWarnings) warnings.push(message);
  };
  let tree: Tree | undefined;
  try {
    for (const [index, layer] of layers.entries()) {
      signal?.throwIfAborted();
      const { fd, sizeBytes } = payloads.add(layer.path);
      const reader = layer.reader ?? new LayerReader(index, layer.label, budget);
      tree = reader.finish(fd, sizeBytes, tree, warn);
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
    warnings,
    [Symbol.dispose]: () => payloads[Symbol.dispose](),
  };
}
