import type { Command } from "@commander-js/extra-typings";
import { Problem } from "../api/problems.ts";
import { startChild } from "../host/process.ts";
import type { CliContext } from "./context.ts";
import { forwardSsh, sshOptions } from "./tunnel/ssh-forward.ts";

const remotePath = /^([0-9a-f]{24}):([^]*)$/;

export function registerCp(program: Command, context: CliContext): void {
  program
    .command("cp")
    .argument("<source>", "a file, or PLAY-ID:PATH in a machine")
    .argument("<target>", "the same; exactly one of the two is in a machine")
    .description("Copy files into a machine of a play or out of it")
    .option("-m, --machine <machine>", "default: the first machine")
    .option("-u, --user <user>", "default: the machine's default user")
    .option("-r, --recursive", "copy directories")
    .action(async (source, target, { machine, user, recursive }) => {
      const [from, to] = [remotePath.exec(source), remotePath.exec(target)];
      const [, playId, path = ""] = from ?? to ?? [];
      if (playId === undefined || (from && to)) {
        throw new Problem("cli/usage", {
          message: "exactly one side must be PLAY-ID:PATH",
          hint: "For example: labyard cp notes.txt 0123456789abcdef01234567:notes.txt",
        });
      }
      const login = await forwardSsh(context, { playId, machine, user });
      using forward = login.forward;
      const remote = `${login.user}@${forward.host}:${path}`;
      const child = await startChild(
        [
          ...["scp", "-i", login.identity, ...sshOptions, "-P", String(forward.port)],
          ...(recursive ? ["-r"] : []),
          // "--": a file may be called -r.
          ...["--", from ? remote : localPath(source), to ? remote : localPath(target)],
        ],
        { stdio: ["ignore", "inherit", "inherit"] },
      );
      const stop = () => void child.stop();
      context.signal.addEventListener("abort", stop, { once: true });
      context.exitCode = (await child.exited).exitCode ?? 1;
    });
}

/** scp takes a name with a colon for one on another host. */
const localPath = (path: string) => (path.startsWith("/") ? path : `./${path}`);
