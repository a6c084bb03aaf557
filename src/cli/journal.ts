import { type Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { Problem } from "../api/problems.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";

export function registerJournal(machine: Command, context: CliContext): void {
  machine
    .command("journal")
    .argument("<play-id>")
    .argument("<machine>")
    .description("Print a machine's systemd journal and follow it")
    .option("-u, --unit <unit>", "only this unit")
    .option("-n, --lines <count>", "begin with so many lines", lineCount)
    .option("--since <time>", "as journalctl takes it")
    .option("--until <time>", "end there instead of following")
    .option("--cursor <cursor>", "begin behind it")
    .action(async (id, name, options) => {
      const { url } = await (await connect(context)).openJournal(id, { machine: name, ...options });
      context.exitCode = await printJournal(context, url);
    });
}

/** Resolves with the exit code of journalctl; 0 after Ctrl-C, 255 when the connection was lost. */
async function printJournal(context: CliContext, url: string): Promise<number> {
  const { WebSocket } = await import("ws");
  const socket = new WebSocket(url, { perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    let exitCode = 255;
    socket.on("message", data => {
      const message = JSON.parse((data as Buffer).toString()) as {
        stdout?: string;
        stderr?: string;
        exitCode?: number;
      };
      if (message.stdout !== undefined) context.stdout.write(message.stdout);
      if (message.stderr !== undefined) context.stderr.write(message.stderr);
      exitCode = message.exitCode ?? exitCode;
    });
    socket.once("close", () => resolve(context.signal.aborted ? 0 : exitCode));
    socket.once("error", cause => {
      if (context.signal.aborted) resolve(0);
      else reject(new Problem("server/unreachable", { message: "the connection to the machine failed", cause }));
    });
    context.signal.addEventListener("abort", () => socket.terminate(), { once: true });
  });
}

function lineCount(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Write a number of lines.");
}
