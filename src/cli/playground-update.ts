import type { Command } from "@commander-js/extra-typings";
import { Problem } from "../api/problems.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { manifestIn, pushContent } from "./push-content.ts";
import { submittableManifest } from "./submit.ts";

export function registerUpdate(playground: Command, context: CliContext): void {
  playground
    .command("update")
    .argument("<name>")
    .description("Replace a playground by a complete manifest; running plays are not touched")
    .option("-f, --file <file>", "manifest (- for stdin)")
    .option("-d, --dir <directory>", "directory with manifest.yaml and the files that accompany it")
    .option("--force", "remove files that are not in the directory without asking")
    .option("-q, --quiet", "print the name only")
    .action(async (name, { file, dir, force = false, quiet }) => {
      if (file !== undefined && dir !== undefined) {
        throw new Problem("cli/usage", { message: "give either --file or --dir, not both" });
      }
      const directory = dir ?? (file === undefined ? name : undefined);
      const source = directory === undefined ? (file ?? "-") : await manifestIn(directory);
      const client = await connect(context);
      const updated = await client.updatePlayground(name, await submittableManifest(context, source, "update"));
      for (const warning of updated.warnings ?? []) context.stderr.write(`warning: ${warning.message}\n`);
      if (directory !== undefined) await pushContent(context, client, name, directory, force);
      if (!quiet) context.stderr.write(`Updated ${updated.pageUrl}\n`);
      context.stdout.write(`${updated.name}\n`);
    });
}
