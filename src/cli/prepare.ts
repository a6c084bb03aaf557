import type { Command } from "@commander-js/extra-typings";
import type { CliContext } from "./context.ts";

/** Hidden: fetches and builds what a play boots from, in a process of its own. */
export function registerPrepare(program: Command, context: CliContext): void {
  program
    .command("prepare", { hidden: true })
    .argument("<play-id>")
    .action(async playId => {
      const { runPreparation } = await import("../playground/prepare-process.ts");
      const { imageAccess } = await import("./image-access.ts");
      await runPreparation({
        paths: context.paths,
        playId,
        ...(await imageAccess(context)),
        signal: context.signal,
        print: line => context.stdout.write(line),
      });
    });
}
