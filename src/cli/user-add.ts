import type { Command } from "@commander-js/extra-typings";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { readNewPassword } from "./secret-input.ts";

export function registerUserAdd(user: Command, context: CliContext): void {
  user
    .command("add")
    .argument("<name>")
    .description("Add a person; prints a one-time address that logs them in")
    .option("--admin", "as an administrator, who may do everything on this server")
    .option("--github <handle>", "let this GitHub account log in as the new person")
    .option("--email <address>", "let who has this verified address at a login provider log in as the new person")
    .option("--password", "ask for a first password (or read it from a pipe) instead of printing an address")
    .action(async (name, options) => {
      const client = await connect(context);
      const password = options.password ? await readNewPassword(context) : undefined;
      const { user: added, invitation } = await client.createUser({
        name,
        administrator: options.admin ?? false,
        ...(options.github === undefined ? {} : { githubHandle: options.github }),
        ...(options.email === undefined ? {} : { email: options.email }),
        ...(password === undefined ? {} : { password }),
      });
      context.stderr.write(`Added ${added.name} (id ${added.id}).\n`);
      if (invitation === undefined) return;
      context.stderr.write(`This address logs its first visitor in as ${added.name}, until ${invitation.expiresAt}:\n`);
      context.stdout.write(`${invitation.url}\n`);
    });
}
