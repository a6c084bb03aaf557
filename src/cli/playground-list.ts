import type { Command } from "@commander-js/extra-typings";
import type { PlayJson } from "../api/contract/plays.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { renderTable } from "./table.ts";

export function registerList(playground: Command, context: CliContext): void {
  playground
    .command("list")
    .alias("ls")
    .description("List your plays")
    .option("-a, --all", "also those that have been destroyed or failed")
    .option("-q, --quiet", "print play ids only")
    .option("-o, --output <format>", "table or json", "table")
    .option("--json", "the same as -o json")
    .action(async options => {
      const client = await connect(context);
      const plays = (await client.listPlays("any"))
        .filter(play => options.all || stateOf(play) !== "DESTROYED")
        .toSorted((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1));
      if (options.json || options.output === "json") context.stdout.write(`${JSON.stringify(plays, null, 2)}\n`);
      else if (options.quiet) context.stdout.write(plays.map(play => `${play.id}\n`).join(""));
      else {
        context.stdout.write(
          renderTable(
            ["PLAYGROUND RUN ID", "PLAYGROUND NAME", "PLAYGROUND RUN TITLE", "CREATED", "STATUS", "LINK"],
            plays.map(play => [
              play.id,
              play.playground.name,
              play.title || "-",
              play.createdAt,
              status(play),
              play.pageUrl,
            ]),
          ),
        );
      }
    });
}

function stateOf(play: PlayJson): string {
  return play.status.stateEvents.at(-1)?.state ?? "UNKNOWN";
}

function status(play: PlayJson): string {
  if (!play.active) return stateOf(play);
  return `${stateOf(play)} (expires in ${(play.expiresIn / 3_600_000).toFixed(1)} h)`;
}
