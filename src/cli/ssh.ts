import type { Command } from "@commander-js/extra-typings";
import { Problem } from "../api/problems.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { runExecSession } from "./exec-session.ts";

export interface SshOptions {
  playId: string;
  machine?: string;
  user?: string;
  /** Words after "--"; none: a login shell. */
  command: readonly string[];
}

export function registerSsh(program: Command, context: CliContext): void {
  program
    .command("ssh")
    .argument("<play-id>")
    .argument("[command...]", "after --: run this instead of a login shell")
    .description("Log in to a machine of a play, or run one command there")
    .option("-m, --machine <machine>", "default: the first machine")
    .option("-u, --user <user>", "default: the machine's default user")
    .action(async (playId, command, options) => {
      await runSsh(context, {
        playId,
        command,
        ...(options.machine === undefined ? {} : { machine: options.machine }),
        ...(options.user === undefined ? {} : { user: options.user }),
      });
    });
}

/** Runs the session to its end; the context's exit code is then the remote one. */
export async function runSsh(context: CliContext, { playId, machine, user, command }: SshOptions): Promise<void> {
  const client = await connect(context);
  const target = machine ?? (await client.getPlay(playId)).machines[0]?.name;
  if (target === undefined) throw new Problem("server/not-found", { message: `play ${playId} has no machines` });
  const interactive = command.length === 0 && context.stdin.isTTY && context.stdout.isTTY;
  // Neither exists where stdout is no terminal, whatever the types say.
  const columns = context.stdout.columns || 80;
  const rows = context.stdout.rows || 24;
  const { url } = await client.exec(playId, {
    machine: target,
    ...(user === undefined ? {} : { user }),
    // Joined by blanks and left to the remote shell, as ssh does.
    ...(command.length === 0 ? {} : { command: command.join(" ") }),
    ...(interactive ? { pty: { cols: columns, rows } } : {}),
  });
  context.exitCode = await runExecSession(context, url, interactive);
}
