import type { Command } from "@commander-js/extra-typings";
import type { CliContext } from "./context.ts";

export function registerManifestSchema(manifest: Command, context: CliContext): void {
  manifest
    .command("schema")
    .description("Print the JSON Schema of the manifest, for editors")
    .action(async () => {
      const { manifestJsonSchema } = await import("../manifest/json-schema.ts");
      context.stdout.write(`${JSON.stringify(manifestJsonSchema(), null, 2)}\n`);
    });
}
