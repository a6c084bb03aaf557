import { hostname } from "node:os";
import { type Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { type ScopeName, scopeNames } from "../api/contract/tokens.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { renderTable } from "./table.ts";

const defaultScopes = scopeNames.filter(scope => !scope.startsWith("author:"));

/** `labyard token …`: credentials for scripts, and for the official client on a machine without a browser. */
export function registerToken(program: Command, context: CliContext): void {
  const token = program.command("token").alias("tokens").description("Access tokens for scripts and other machines");

  token
    .command("create")
    .description("Create a token and print it, once")
    .option("--name <name>", "what it is for", `labyard@${hostname()}`)
    .option("--scope <scopes>", "what it may do, separated by commas; may be given several times", addScopes)
    .option("--expires-in <days>", "how long it is good for", wholeDays, 90)
    .option("-q, --quiet", "print the token only")
    .action(async options => {
      const client = await connect(context);
      const scope = options.scope ?? defaultScopes;
      const created = await client.createToken({ name: options.name, scope, expiresInDays: options.expiresIn });
      context.stdout.write(`${created.accessToken}\n`);
      if (options.quiet) return;
      context.stderr.write(
        `It may ${created.scope.join(", ")} until ${created.expiresAt}, and is not shown again.\n` +
          `For the official client: labctl auth login --session-id ${created.id} --access-token <the token>\n`,
      );
    });

  token
    .command("list")
    .alias("ls")
    .description("List your tokens")
    .option("-o, --output <format>", "table or json", "table")
    .option("--json", "the same as -o json")
    .action(async options => {
      const tokens = await (await connect(context)).listTokens();
      if (options.json || options.output === "json") {
        context.stdout.write(`${JSON.stringify(tokens, null, 2)}\n`);
        return;
      }
      const rows = tokens.map(each => [
        each.id,
        each.name,
        each.usedAt ?? "never",
        each.expiresAt,
        each.scope.join(","),
      ]);
      context.stdout.write(renderTable(["ID", "NAME", "LAST USED", "EXPIRES", "SCOPE"], rows));
    });

  token
    .command("revoke")
    .argument("<id>")
    .description("End a token at once, with the connections it holds")
    .action(async id => {
      await (await connect(context)).deleteToken(id);
      context.stderr.write(`Token ${id} has been revoked.\n`);
    });
}

function addScopes(value: string, previous: ScopeName[] = []): ScopeName[] {
  const scopes = value.split(",").map(scope => scopeNames.find(known => known === scope.trim()));
  if (scopes.includes(undefined)) throw new InvalidArgumentError(`Known scopes: ${scopeNames.join(", ")}.`);
  return [...previous, ...scopes.filter(scope => scope !== undefined)];
}

function wholeDays(value: string): number {
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  throw new InvalidArgumentError("Give a whole number of days.");
}
