import { type Command, Option } from "@commander-js/extra-typings";
import { type PlaygroundFilter, playgroundFilters } from "../api/contract/playgrounds.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { renderTable } from "./table.ts";

/** Their order says something: last started, or most started, first. */
const ranked: readonly PlaygroundFilter[] = ["recent", "popular"];

export function registerCatalog(playground: Command, context: CliContext): void {
  playground
    .command("catalog")
    .alias("cat")
    .description("List playgrounds that can be started or used as a base")
    .addOption(
      new Option("-f, --filter <filter>", "which ones (default: the built-in ones)").choices(playgroundFilters),
    )
    .option("-q, --quiet", "print names only, sorted")
    .option("--json", "print JSON")
    .action(async options => {
      const client = await connect(context);
      const found = await client.listPlaygrounds(options.filter);
      const sorted = found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
      const shown = options.filter !== undefined && ranked.includes(options.filter) ? found : sorted;
      if (options.json) context.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
      // Scripts made for the official client count on sorted names.
      else if (options.quiet) context.stdout.write(sorted.map(({ name }) => `${name}\n`).join(""));
      else
        context.stdout.write(
          renderTable(
            ["NAME", "BASE", "TITLE"],
            shown.map(({ name, base, title }) => [name, base || "-", title]),
          ),
        );
    });
}
