import type { Command } from "@commander-js/extra-typings";
import { confirm } from "./confirm.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";

export function registerRemove(playground: Command, context: CliContext): void {
  playground
    .command("remove")
    .alias("rm")
    .argument("<name>")
    .description("Remove a playground of yours; its running plays go on")
    .option("-f, --force", "do not ask")
    .action(async (name, options) => {
      const client = await connect(context);
      const { title } = await client.getPlayground(name);
      if (!options.force) await confirm(context, `Remove playground ${name} ("${title}")?`);
      await client.deletePlayground(name);
      context.stderr.write(`Playground ${name} has been removed.\n`);
    });
}
