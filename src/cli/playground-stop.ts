import type { Command } from "@commander-js/extra-typings";
import type { Client } from "../api/client.ts";
import { currentState, type PlayStateName, restingStates } from "../api/play-state.ts";
import { Problem } from "../api/problems.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { watchStart } from "./watch-start.ts";

export function registerStop(playground: Command, context: CliContext): void {
  playground
    .command("stop")
    .argument("<play-id>")
    .description("Shut a play's machines down; its drives are kept")
    .option("-q, --quiet", "say nothing")
    .action(async (id, options) => {
      const client = await connect(context);
      await client.act(id, { action: "stop" });
      await waitFor(context, client, id, restingStates);
      if (!options.quiet) context.stderr.write(`Play ${id} has been stopped.\n`);
    });

  playground
    .command("restart")
    .argument("<play-id>")
    .description("Start a stopped play again from its drives")
    .option("-q, --quiet", "show no progress")
    .action(async (id, options) => {
      const client = await connect(context);
      await client.act(id, { action: "restart" });
      await watchStart(context, client, id, options.quiet ?? false);
      context.stdout.write(`${id}\n`);
    });

  playground
    .command("destroy")
    .argument("<play-id>")
    .description("Stop a play and remove its drives")
    .option("-q, --quiet", "say nothing")
    .action(async (id, options) => {
      const client = await connect(context);
      await client.act(id, { action: "destroy" });
      await waitFor(context, client, id, ["DESTROYED"]);
      if (!options.quiet) context.stderr.write(`Play ${id} has been destroyed.\n`);
    });
}

async function waitFor(
  context: CliContext,
  client: Client,
  id: string,
  states: readonly PlayStateName[],
): Promise<void> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(5 * 60_000)]);
  for await (const message of client.watchPlay(id, { signal })) {
    if (message.kind === "state" && states.includes(currentState(message.state))) return;
  }
  context.signal.throwIfAborted();
  throw new Problem("cli/start-failed", { message: `play ${id} has not become ${states[0]} within 5 minutes` });
}
