import { Problem } from "../../api/problems.ts";
import { TarError } from "../tar/tar-entry.ts";
import { indexTarFile } from "../tar/tar-file.ts";
import { emptyDirectory, type Tree } from "../tree.ts";
import { applyLayer } from "./apply-layer.ts";
import { LayerError } from "./entry-path.ts";
import { PayloadFiles } from "./payload-files.ts";

/** More members than any real image has, few enough for the memory of this process. */
const maxEntriesPerImage = 4_000_000;
const maxWarnings = 100;

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
export async function mergeLayers(
  layers: ReadonlyArray<{ path: string; label: string }>,
  signal?: AbortSignal,
): Promise<MergedImage> {
  const payloads = new PayloadFiles();
  const tree: Tree = { root: emptyDirectory() };
  const warnings: string[] = [];
  let entriesLeft = maxEntriesPerImage;
  try {
    for (const [index, layer] of layers.entries()) {
      signal?.throwIfAborted();
      const warn = (message: string) => {
        if (warnings.length < maxWarnings) warnings.push(`${layer.label}: ${message}`);
      };
      const { fd, sizeBytes } = payloads.add(layer.path);
      try {
        const found = indexTarFile(fd, sizeBytes, entriesLeft);
        entriesLeft -= found.entries.length;
        found.warnings.forEach(warn);
        applyLayer(tree, index, found.entries, warn);
      } catch (error) {
        if (!(error instanceof TarError || error instanceof LayerError)) throw error;
        throw new Problem("image/bad-layer", { message: `${layer.label}: ${error.message}`, cause: error });
      }
      // Reading an index is synchronous; others get their turn between layers.
      await new Promise(resolve => setImmediate(resolve));
    }
  } catch (error) {
    payloads[Symbol.dispose]();
    throw error;
  }
  return { tree, payloads, warnings, [Symbol.dispose]: () => payloads[Symbol.dispose]() };
}
