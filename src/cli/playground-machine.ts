import type { Command } from "@commander-js/extra-typings";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { registerJournal } from "./journal.ts";

export function registerMachine(playground: Command, context: CliContext): void {
  const machine = playground.command("machine").description("One machine of a play");
  registerJournal(machine, context);

  machine
    .command("console")
    .argument("<play-id>")
    .argument("<machine>")
    .description("Print the machine's serial console")
    .action(async (id, name) => {
      const client = await connect(context);
      for (const console of (await client.listConsoles(id, name)).consoles) {
        const { content } = await client.readConsole(id, name, console);
        context.stdout.write(`===== ${console} =====\n${content}${content.endsWith("\n") ? "" : "\n"}`);
      }
    });

  for (const [action, description] of [
    ["reboot", "Reboot the machine from inside"],
    ["stop", "Shut the machine down"],
    ["restart", "Start a machine that is off, or power-cycle one that is on"],
  ] as const) {
    machine
      .command(action)
      .argument("<play-id>")
      .argument("<machine>")
      .description(description)
      .action(async (id, name) => {
        await (await connect(context)).act(id, { action: `machine.${action}`, machine: name });
      });
  }
}
