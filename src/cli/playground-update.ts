import type { Command } from "@commander-js/extra-typings";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { submittableManifest } from "./submit.ts";

export function registerUpdate(playground: Command, context: CliContext): void {
  playground
    .command("update")
    .argument("<name>")
    .description("Replace a playground by a complete manifest; running plays are not touched")
    .requiredOption("-f, --file <file>", "manifest (- for stdin)")
    .option("-q, --quiet", "print the name only")
    .action(async (name, options) => {
      const client = await connect(context);
      const updated = await client.updatePlayground(name, await submittableManifest(context, options.file, "update"));
      for (const warning of updated.warnings ?? []) context.stderr.write(`warning: ${warning.message}\n`);
      if (!options.quiet) context.stderr.write(`Updated ${updated.pageUrl}\n`);
      context.stdout.write(`${updated.name}\n`);
    });
}
