import type { Command } from "@commander-js/extra-typings";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";

export function registerManifestDump(playground: Command, context: CliContext): void {
  playground
    .command("manifest")
    .argument("<name>")
    .description("Print the manifest of a playground")
    .action(async name => {
      context.stdout.write((await (await connect(context)).getManifest(name)).manifest);
    });
}
