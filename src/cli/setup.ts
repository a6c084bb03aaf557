import type { Command } from "@commander-js/extra-typings";
import type { CliContext } from "./context.ts";

export function registerSetup(program: Command, context: CliContext): void {
  program
    .command("setup")
    .description("Fetch the default kernel and build the default image; what is there is kept")
    .action(async () => {
      const { setUpHost } = await import("../playground/set-up-host.ts");
      await setUpHost({
        paths: context.paths,
        signal: context.signal,
        say: line => context.stdout.write(`${line}\n`),
      });
    });
}
