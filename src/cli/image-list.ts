import type { Command } from "@commander-js/extra-typings";
import { formatBytes } from "./bytes.ts";
import type { CliContext } from "./context.ts";
import { renderTable } from "./table.ts";

export function registerImageList(image: Command, context: CliContext): void {
  image
    .command("list")
    .alias("ls")
    .description("List the images in the cache with what they really occupy")
    .option("--json", "print the list as JSON")
    .action(async options => {
      const { readInventory } = await import("../images/cache/inventory.ts");
      const { engineStorageBytes } = await import("../images/dockerfile/engine-storage.ts");
      const { images, totalBytes } = await readInventory(context.paths);
      const laterBuildsBytes = await engineStorageBytes(context.paths);
      if (options.json) {
        const plain = images.map(({ blobs, ...rest }) => ({
          ...rest,
          blobs: blobs.size,
          usedAt: new Date(rest.usedAtMs).toISOString(),
        }));
        context.stdout.write(`${JSON.stringify({ images: plain, totalBytes, laterBuildsBytes }, null, 2)}\n`);
        return;
      }
      context.stdout.write(
        renderTable(
          ["IMAGE", "DIGEST", "ORIGIN", "LAYERS", "DRIVES", "ON DISK", "LAST USE", "PLAYS"],
          images.map(entry => [
            entry.name,
            entry.digest.slice("sha256:".length, "sha256:".length + 12),
            entry.origin,
            layersOf(entry),
            `${entry.drives.length}`,
            formatBytes(entry.bytes),
            new Date(entry.usedAtMs).toISOString().slice(0, 16).replace("T", " "),
            `${entry.plays.length}`,
          ]),
        ),
      );
      context.stdout.write(`\n${formatBytes(totalBytes)} in all; layers that images share count once here.\n`);
      if (laterBuildsBytes > 0)
        context.stdout.write(`${formatBytes(laterBuildsBytes)} more are kept for later builds.\n`);
    });
}

/** "1/3": two of three have not been pulled. */
function layersOf({ layerCount, missingLayerCount }: { layerCount: number; missingLayerCount: number }): string {
  return missingLayerCount === 0 ? `${layerCount}` : `${layerCount - missingLayerCount}/${layerCount}`;
}
