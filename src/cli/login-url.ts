import type { Command } from "@commander-js/extra-typings";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";

export function registerLoginUrl(program: Command, context: CliContext): void {
  program
    .command("login-url")
    .description("Print a new one-time URL that logs a browser in as you")
    .action(async () => {
      const { url } = await (await connect(context)).createLoginCode();
      context.stdout.write(`${url}\n`);
    });
}
