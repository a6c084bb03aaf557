import type { Command } from "@commander-js/extra-typings";
import { formatBytes } from "./bytes.ts";
import type { CliContext } from "./context.ts";
import { sourceArgument, sourceOptions } from "./image-source.ts";
import { renderTable } from "./table.ts";

export function registerImageInspect(image: Command, context: CliContext): void {
  image
    .command("inspect")
    .argument("<source>", sourceArgument)
    .description("Show what an image is made of, without pulling its layers")
    .option("--json", "print everything as JSON, the image's configuration included")
    .action(async (text, options) => {
      const { inspectImage } = await import("../images/inspect-image.ts");
      const { onProgress: _, ...source } = await sourceOptions(context, text);
      const found = await inspectImage(source);
      if (options.json) {
        context.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
        return;
      }
      const { config } = found;
      const rows = [
        ["Image", found.name],
        ["Digest", found.digest],
        ["Created", config.created ?? "-"],
        ["Entrypoint", [...(config.config?.Entrypoint ?? []), ...(config.config?.Cmd ?? [])].join(" ") || "-"],
        ["User", config.config?.User || "root"],
        ["Size", `${formatBytes(found.sizeBytes)} packed`],
      ];
      context.stdout.write(rows.map(([name, value]) => `${`${name}:`.padEnd(12)}${value}\n`).join(""));
      context.stdout.write(
        `\n${renderTable(
          ["LAYER", "DIFF ID", "PACKED", "IN CACHE"],
          found.layers.map(layer => [
            layer.digest,
            `${layer.diffId.slice(0, "sha256:".length + 12)}…`,
            formatBytes(layer.sizeBytes),
            layer.isCached ? "yes" : "no",
          ]),
        )}`,
      );
    });
}
