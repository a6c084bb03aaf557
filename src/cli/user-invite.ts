import type { Command } from "@commander-js/extra-typings";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";

export function registerUserInvite(user: Command, context: CliContext): void {
  user
    .command("invite")
    .argument("<name>")
    .description("Print a new one-time address that logs a person in, e.g. one who forgot their password")
    .option("--reset-password", "also take the password away and end all sessions")
    .action(async (name, options) => {
      const client = await connect(context);
      const { url, expiresAt } = await client.inviteUser(name, options.resetPassword ?? false);
      context.stderr.write(`This address logs its first visitor in as ${name}, until ${expiresAt}:\n`);
      context.stdout.write(`${url}\n`);
    });
}
