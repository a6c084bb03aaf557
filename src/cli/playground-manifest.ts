import type { Command } from "@commander-js/extra-typings";
import { dumpManifest } from "../manifest/dump.ts";
import { manifestFromPlayground } from "../manifest/playground-json.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";

export function registerManifestDump(playground: Command, context: CliContext): void {
  playground
    .command("manifest")
    .argument("<name>")
    .description("Print the manifest of a playground")
    .action(async name => {
      const json = await (await connect(context)).getPlayground(name, "extended");
      context.stdout.write(dumpManifest(manifestFromPlayground(json)));
    });
}
