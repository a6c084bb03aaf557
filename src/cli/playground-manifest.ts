import type { Command } from "@commander-js/extra-typings";
import { dumpManifest } from "../manifest/dump.ts";
import { parseManifestBody } from "../manifest/parse.ts";
import type { Manifest } from "../manifest/schema.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";

export function registerManifestDump(playground: Command, context: CliContext): void {
  playground
    .command("manifest")
    .argument("<name>")
    .description("Print the manifest of a playground")
    .action(async name => {
      const json = await (await connect(context)).getPlayground(name, "extended");
      // What the server keeps has been checked; reading it again only sorts the parts into a document.
      context.stdout.write(dumpManifest(parseManifestBody(json).input as Manifest));
    });
}
