import type { Command } from "@commander-js/extra-typings";
import { confirm } from "./confirm.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";

export function registerUserRemove(user: Command, context: CliContext): void {
  user
    .command("remove")
    .alias("rm")
    .argument("<name>")
    .description("Remove a person for good; destroys their plays and removes their playgrounds")
    .option("-f, --force", "do not ask")
    .action(async (name, options) => {
      const client = await connect(context);
      const question = `Remove ${name}, destroy all plays and remove all playgrounds of theirs? (user disable keeps them)`;
      if (!options.force) await confirm(context, question);
      await client.deleteUser(name);
      context.stderr.write(`${name} has been removed.\n`);
    });
}
