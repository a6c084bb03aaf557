import type { Command } from "@commander-js/extra-typings";
import { Problem } from "../api/problems.ts";
import type { CliContext } from "./context.ts";

/** Hidden: what the server starts inside a play's namespaces. */
export function registerRunner(program: Command, context: CliContext): void {
  program
    .command("runner", { hidden: true })
    .argument("<play-id>")
    .action(async playId => {
      const { runPlay } = await import("../playground/runner.ts");
      try {
        await runPlay({ paths: context.paths, playId, signal: context.signal });
      } catch (error) {
        // This output is the runner's log, read by operators and by us.
        if (!(error instanceof Problem))
          context.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
        throw error;
      }
    });
}
