import type { Command } from "@commander-js/extra-typings";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { durationMinutes } from "./playground-lifetime.ts";
import { renderTable } from "./table.ts";
import { watchStart } from "./watch-start.ts";

export function registerWait(playground: Command, context: CliContext): void {
  playground
    .command("wait")
    .argument("<play-id>")
    .description("Wait until every machine is ready and every init task is done; fails when the play or a task does")
    .option("--timeout <duration>", "give up after it, e.g. 10m; default: never", durationMinutes)
    .option("-q, --quiet", "show no progress")
    .action(async (id, options) => {
      const client = await connect(context);
      const late = options.timeout === undefined ? [] : [AbortSignal.timeout(options.timeout * 60_000)];
      const signal = AbortSignal.any([context.signal, ...late]);
      await watchStart({ ...context, signal }, client, id, options.quiet ?? false);
    });

  playground
    .command("machines")
    .argument("<play-id>")
    .description("List the machines of a play with their states")
    .action(async id => {
      const { machines } = await (await connect(context)).getPlayState(id);
      const rows = machines.map(({ name, state }) => [name, state]);
      context.stdout.write(renderTable(["MACHINE NAME", "STATE"], rows));
    });
}
