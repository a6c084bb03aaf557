import type { Command } from "@commander-js/extra-typings";
import { Problem } from "../api/problems.ts";
import type { CliContext } from "./context.ts";
import { forwardSsh, sshOptions } from "./tunnel/ssh-forward.ts";

export function registerSshProxy(program: Command, context: CliContext): void {
  program
    .command("ssh-proxy")
    .argument("<play-id>")
    .description("Put a machine's ssh server on a local port, for ssh, scp, rsync, editors")
    .option("-m, --machine <machine>", "default: the first machine")
    .option("-u, --user <user>", "default: the machine's default user")
    .option("--address <host:port>", "where to listen (default: a free port of 127.0.0.1)")
    .option("-q, --quiet", "print only the port")
    .action(async (playId, { machine, user, address, quiet }) => {
      const place = readAddress(address);
      const { forward, identity, ...login } = await forwardSsh(context, { playId, machine, user, ...place });
      using _forward = forward;
      const destination = `${login.user}@${forward.host}`;
      const options = `-i ${identity} ${sshOptions.join(" ")}`;
      if (quiet) {
        context.stdout.write(`${forward.port}\n`);
      } else {
        context.stdout.write(
          `${login.machine} answers ssh on ${forward.host}:${forward.port} until Ctrl-C\n` +
            `  ssh ${options} -p ${forward.port} ${destination}\n` +
            `  scp ${options} -P ${forward.port} FILE ${destination}:\n`,
        );
      }
      await new Promise<void>(resolve => context.signal.addEventListener("abort", () => resolve(), { once: true }));
    });
}

function readAddress(address: string | undefined): { localHost?: string; localPort?: number } {
  if (address === undefined) return {};
  const [, localHost, digits] = /^(?:(.+):)?(\d{1,5})$/.exec(address) ?? [];
  if (digits === undefined) throw new Problem("cli/usage", { message: `"${address}" is not host:port` });
  return { localPort: Number(digits), ...(localHost === undefined ? {} : { localHost }) };
}
