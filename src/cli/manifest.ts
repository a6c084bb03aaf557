import type { Command } from "@commander-js/extra-typings";
import type { CliContext } from "./context.ts";
import { registerManifestCheck } from "./manifest-check.ts";
import { registerManifestSchema } from "./manifest-schema.ts";

/** `labyard manifest …`: works on files, needs no server. */
export function registerManifest(program: Command, context: CliContext): void {
  const manifest = program.command("manifest").description("Check manifests and print their schema");
  registerManifestCheck(manifest, context);
  registerManifestSchema(manifest, context);
}
