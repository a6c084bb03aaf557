import { createInterface } from "node:readline/promises";
import type { Command } from "@commander-js/extra-typings";
import { Problem } from "../api/problems.ts";
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
      if (!options.force && context.stdin.isTTY) {
        const prompt = createInterface({ input: context.stdin, output: context.stderr });
        const answer = await prompt.question(`Remove playground ${name} ("${title}")? [y/N] `, {
          signal: context.signal,
        });
        prompt.close();
        if (!/^y(es)?$/i.test(answer.trim())) throw new Problem("cli/usage", { message: "nothing has been removed" });
      }
      await client.deletePlayground(name);
      context.stderr.write(`Playground ${name} has been removed.\n`);
    });
}
