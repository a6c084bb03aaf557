import type { Command } from "@commander-js/extra-typings";
import type { CliContext } from "./context.ts";

/** Hidden: what the server starts inside a play's namespaces. */
export function registerRunner(program: Command, context: CliContext): void {
  program
    .command("runner", { hidden: true })
    .argument("<play-id>")
    .action(async playId => {
      const { runPlay } = await import("../playground/runner.ts");
      await runPlay({ paths: context.paths, playId, signal: context.signal });
    });
}
