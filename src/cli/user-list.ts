import type { Command } from "@commander-js/extra-typings";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { renderTable } from "./table.ts";

export function registerUserList(user: Command, context: CliContext): void {
  user
    .command("list")
    .alias("ls")
    .description("List the people of this server")
    .option("-o, --output <format>", "table or json", "table")
    .option("--json", "the same as -o json")
    .action(async options => {
      const users = await (await connect(context)).listUsers();
      if (options.json || options.output === "json") {
        context.stdout.write(`${JSON.stringify(users, null, 2)}\n`);
        return;
      }
      context.stdout.write(
        renderTable(
          ["NAME", "ID", "ROLE", "STATUS", "PASSWORD", "GITHUB", "EMAIL", "ACTIVE PLAYS"],
          users.map(each => [
            each.name,
            each.id,
            each.administrator ? "administrator" : "-",
            each.disabled ? "disabled" : "enabled",
            each.hasPassword ? "yes" : "no",
            each.githubHandle ?? "-",
            each.email ?? "-",
            String(each.activePlays),
          ]),
        ),
      );
    });
}
