import type { Command } from "@commander-js/extra-typings";
import { formatBytes } from "./bytes.ts";
import type { CliContext } from "./context.ts";
import { imageAccess } from "./image-access.ts";

export function registerImagePrune(image: Command, context: CliContext): void {
  image
    .command("prune")
    .description("Remove from the cache what no image and no play needs, and old images beyond the size limit")
    .option(
      "-a, --all",
      "also layers kept for later builds, and every image and fetched kernel that no play uses; those of this installation stay",
    )
    .action(async options => {
      const { pruneCache } = await import("../images/cache/prune.ts");
      const { engineStorageBytes } = await import("../images/dockerfile/engine-storage.ts");
      const { cacheLimitBytes } = await imageAccess(context);
      const result = await pruneCache({
        paths: context.paths,
        all: options.all === true,
        maxBytes: cacheLimitBytes,
        signal: context.signal,
      });
      if (options.all) {
        const { pruneKernels } = await import("../playground/prune-kernels.ts");
        for (const version of await pruneKernels(context.paths)) context.stdout.write(`removed kernel ${version}\n`);
      }
      for (const name of result.removedImages) context.stdout.write(`removed ${name}\n`);
      const { laterBuildsBytes } = result;
      const what = [
        `${result.removedBlobs} blobs`,
        `${result.removedDrives} drives`,
        ...(laterBuildsBytes > 0 ? [`${formatBytes(laterBuildsBytes)} of layers for later builds`] : []),
      ].join(", ");
      context.stdout.write(
        `${formatBytes(result.freedBytes)} freed (${what}); ${formatBytes(result.keptBytes)} in use\n`,
      );
      const stillKeptBytes = await engineStorageBytes(context.paths);
      if (stillKeptBytes > 0) {
        context.stdout.write(`${formatBytes(stillKeptBytes)} more are kept for later builds; --all removes them.\n`);
      }
    });
}
