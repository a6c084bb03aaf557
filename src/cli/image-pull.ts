import type { Command } from "@commander-js/extra-typings";
import { formatBytes } from "./bytes.ts";
import type { CliContext } from "./context.ts";
import { warnOfFindings } from "./image-findings.ts";
import { endImageProgress } from "./image-progress.ts";
import { sourceArgument, sourceOptions } from "./image-source.ts";

export function registerImagePull(image: Command, context: CliContext): void {
  image
    .command("pull")
    .argument("<source>", sourceArgument)
    .description("Bring an image into the cache; prints its digest and size")
    .option("-t, --tag <reference>", "give it this name on this host, for manifests, as oci://host/repository:tag")
    .option("-q, --quiet", "print the digest only, and no progress")
    .action(async (text, options) => {
      const { withPulledImage } = await import("../images/pull-into-cache.ts");
      const { judgeImage } = await import("../images/verdict.ts");
      const { nameImage, parseGivenName } = await import("../images/name-image.ts");
      const { formatReference } = await import("../images/registry/reference.ts");
      const name = options.tag === undefined ? undefined : parseGivenName(options.tag);
      const { onProgress, ...source } = await sourceOptions(context, text);
      const shown = options.quiet || onProgress === undefined ? {} : { onProgress };
      await withPulledImage(
        { ...source, ...shown, refresh: true },
        async ({ image: pulled, findings, layers: decoded }) => {
          // So that whoever saves a manifest with it is told at once what is wrong with it.
          await judgeImage(source.paths, pulled, decoded, context.signal);
          if (name !== undefined) await nameImage(source.paths, name, pulled.digest);
          const bytes = pulled.layers.reduce((total, layer) => total + layer.sizeBytes, 0);
          const layers = pulled.layers.length === 1 ? "1 layer" : `${pulled.layers.length} layers`;
          const given = name === undefined ? "" : `  oci://${formatReference(name)}`;
          const details = options.quiet ? "" : `  ${formatBytes(bytes)} in ${layers}${given}`;
          endImageProgress(context);
          warnOfFindings(context, findings);
          context.stdout.write(`${pulled.digest}${details}\n`);
        },
      );
    });
}
