import { type Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { startChild } from "../host/process.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { submittableManifest } from "./submit.ts";
import { watchStart } from "./watch-start.ts";

export function registerStart(playground: Command, context: CliContext): void {
  playground
    .command("start")
    .argument("<name>")
    .description("Start a play; prints its id once every machine is ready and every init task is done")
    .option(
      "-f, --file <file>",
      "manifest whose machines, networks, tabs and init tasks override the playground's (- for stdin)",
    )
    .option("-i, --init-condition <key=value>", "a start parameter; may be given several times", addCondition, {})
    .option("-o, --open", "open the play's page in a browser")
    .option("--ssh", "log in to the first machine when it is ready")
    .option("-m, --machine <machine>", "the machine for --ssh")
    .option("-u, --user <user>", "the user for --ssh")
    .option("--title <title>", "a title for this play")
    .option("--no-wait", "print the id at once instead of waiting")
    .option("-q, --quiet", "show no progress")
    .action(async (name, options) => {
      const client = await connect(context);
      const overrides = options.file === undefined ? {} : await submittableManifest(context, options.file, "start");
      const play = await client.createPlay({
        playground: name,
        initConditions: options.initCondition,
        ...pick(overrides, ["machines", "networks", "tabs", "initTasks"]),
      });
      const isFollowed = options.wait && !options.quiet;
      for (const { code, message } of play.warnings ?? []) {
        // The progress has it among its notes.
        if (!isFollowed || code !== "resources/scaled-down") context.stderr.write(`warning: ${message}\n`);
      }
      if (options.title !== undefined) await client.act(play.id, { action: "set_title", title: options.title });
      if (!options.quiet) context.stderr.write(`Play ${play.id}: ${play.pageUrl}\n`);
      if (options.open) await openInBrowser(context, play.pageUrl);
      if (options.wait) await watchStart(context, client, play.id, options.quiet ?? false);
      if (!options.ssh) {
        context.stdout.write(`${play.id}\n`);
        return;
      }
      const { runSsh } = await import("./ssh.ts");
      await runSsh(context, {
        playId: play.id,
        command: [],
        ...(options.machine === undefined ? {} : { machine: options.machine }),
        ...(options.user === undefined ? {} : { user: options.user }),
      });
    });
}

function addCondition(pair: string, previous: Record<string, string>): Record<string, string> {
  const separator = pair.indexOf("=");
  if (separator < 1) throw new InvalidArgumentError("Write it as key=value.");
  return { ...previous, [pair.slice(0, separator)]: pair.slice(separator + 1) };
}

function pick(from: Record<string, unknown>, keys: string[]): Record<string, unknown> {
  return Object.fromEntries(keys.filter(key => from[key] !== undefined).map(key => [key, from[key]]));
}

/** Best effort: the URL has been printed, so a host without a browser loses nothing. */
async function openInBrowser(context: CliContext, url: string): Promise<void> {
  try {
    const child = await startChild(["xdg-open", url], { stdio: "ignore", outliveParent: true, env: context.env });
    child.process.unref();
  } catch {
    context.stderr.write(`Open ${url} in a browser.\n`);
  }
}
