import type { Command } from "@commander-js/extra-typings";
import type { PlaygroundFilter } from "../api/contract/playgrounds.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { renderTable } from "./table.ts";

export function registerCatalog(playground: Command, context: CliContext): void {
  playground
    .command("catalog")
    .alias("cat")
    .description("List playgrounds that can be started or used as a base")
    .option("-f, --filter <filter>", "base, my-custom, community, recent or popular (default: the built-in ones)")
    .option("-q, --quiet", "print names only")
    .option("--json", "print JSON")
    .action(async options => {
      const client = await connect(context);
      const list = await client.listPlaygrounds(options.filter as PlaygroundFilter | undefined);
      const sorted = list.toSorted((a, b) => (a.name < b.name ? -1 : 1));
      if (options.json) context.stdout.write(`${JSON.stringify(sorted, null, 2)}\n`);
      else if (options.quiet) context.stdout.write(sorted.map(({ name }) => `${name}\n`).join(""));
      else
        context.stdout.write(
          renderTable(
            ["NAME", "BASE", "TITLE"],
            sorted.map(({ name, base, title }) => [name, base || "-", title]),
          ),
        );
    });
}
