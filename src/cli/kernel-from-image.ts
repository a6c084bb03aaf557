import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeFileNode } from "../build/tree/write-directory.ts";
import { mergeLayers } from "../images/layers/merge-layers.ts";
import { withPulledImage } from "../images/pull-into-cache.ts";
import { walk } from "../images/tree-paths.ts";
import type { FileNode } from "../images/tree.ts";
import { kernelPlaces } from "../vm/kernels/from-directory.ts";
import type { FillKernelTree } from "../vm/kernels/install.ts";
import type { CliContext } from "./context.ts";
import { sourceOptions } from "./image-source.ts";

/** Takes kernel and modules out of an image that has both, as images of installed systems do. Links are left out. */
export function kernelFromImage(context: CliContext, source: string): FillKernelTree {
  return async (tree, { signal }) =>
    withPulledImage({ ...(await sourceOptions(context, source)), signal }, async ({ image, layers }) => {
      using merged = await mergeLayers(layers, signal);
      const files: Array<{ path: string; node: FileNode }> = [];
      walk(merged.tree, (path, node) => {
        const isWanted = kernelPlaces.some(place => path === `/${place}` || path.startsWith(`/${place}/`));
        if (isWanted && node.type === "file") files.push({ path, node });
      });
      for (const { path, node } of files) {
        signal.throwIfAborted();
        // Names of an image are single components and never "..": what is joined here stays below the tree.
        const target = join(tree, Buffer.from(path, "latin1").toString());
        await mkdir(dirname(target), { recursive: true });
        await writeFileNode(Buffer.from(target), node, merged.payloads);
      }
      return { name: image.name, version: image.digest };
    });
}
