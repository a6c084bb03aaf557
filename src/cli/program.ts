import { Command } from "@commander-js/extra-typings";
import type { CliContext } from "./context.ts";
import { registerRunner } from "./runner.ts";

/** The whole command line. Each command lives in its own file and imports its machinery only when it runs. */
export function createProgram(context: CliContext): Command {
  const program = new Command(context.programName)
    .description("Turns one YAML playground manifest into running microVMs.")
    .exitOverride()
    .configureOutput({
      writeOut: text => context.stdout.write(text),
      writeErr: text => context.stderr.write(text),
    });
  registerRunner(program, context);
  return program;
}
