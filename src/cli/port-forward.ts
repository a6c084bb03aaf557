import type { Command } from "@commander-js/extra-typings";
import type { Client } from "../api/client.ts";
import type { PortForwardJson } from "../api/contract/tunnels.ts";
import { Problem } from "../api/problems.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { forwardLocal, forwardRemote, type RunningForward } from "./tunnel/forward.ts";
import { parseLocalForward, parseRemoteForward } from "./tunnel/forward-spec.ts";
import { openTunnel } from "./tunnel/open-tunnel.ts";

const collect = (value: string, before: string[]) => [...before, value];

export function registerPortForward(program: Command, context: CliContext): void {
  program
    .command("port-forward")
    .argument("<play-id>")
    .description("Forward TCP ports to a machine of a play (-L) or from it (-R)")
    .option("-m, --machine <machine>", "default: the first machine")
    .option("-L, --local <spec>", "[[LHOST:]LPORT:][RHOST:]RPORT; may be repeated", collect, [])
    .option("-R, --remote <spec>", "[RHOST:]RPORT:[LHOST:]LPORT; may be repeated", collect, [])
    .option("-q, --quiet", "print nothing")
    .option("--list", "show the forwards that the play remembers")
    .option("--restore", "open all of them")
    .option("--remove <number>", "forget one, by its number in the list", Number)
    .action(async (playId, options) => {
      const client = await connect(context);
      if (options.list) return list(context, await client.listPortForwards(playId));
      if (options.remove !== undefined) return void (await client.deletePortForward(playId, options.remove));
      const forwards = options.restore
        ? await client.listPortForwards(playId)
        : await saved(client, playId, options.machine, [
            ...options.local.map(parseLocalForward),
            ...options.remote.map(parseRemoteForward),
          ]);
      if (forwards.length === 0) {
        throw new Problem("cli/usage", {
          message: options.restore ? "the play remembers no forwards" : "give at least one -L or -R",
        });
      }
      await run(context, playId, forwards, options.quiet === true);
    });
}

/** Remembered with the play, so that --restore finds them. */
async function saved(
  client: Client,
  playId: string,
  machine: string | undefined,
  forwards: Array<Omit<PortForwardJson, "machine">>,
): Promise<PortForwardJson[]> {
  const name = machine ?? (await client.getPlay(playId)).machines[0]?.name ?? "";
  const all = forwards.map(forward => ({ ...forward, machine: name }));
  for (const forward of all) await client.savePortForward(playId, forward);
  return all;
}

async function run(
  context: CliContext,
  playId: string,
  forwards: readonly PortForwardJson[],
  quiet: boolean,
): Promise<void> {
  using running = new DisposableStack();
  const warn = (line: string) => context.stderr.write(`${line}\n`);
  const ends: Array<Promise<string>> = [];
  for (const machine of new Set(forwards.map(forward => forward.machine))) {
    const tunnel = await openTunnel(context, { playId, machine });
    for (const forward of forwards.filter(each => each.machine === machine)) {
      const { kind, localHost, localPort, remoteHost, remotePort } = forward;
      const started: RunningForward =
        kind === "local"
          ? await forwardLocal(tunnel, { localHost, localPort, remoteHost, remotePort: remotePort ?? 0 }, warn)
          : await forwardRemote(
              tunnel,
              { remoteHost, remotePort: remotePort ?? localPort ?? 0, localHost, localPort: localPort ?? 0 },
              warn,
            );
      running.use(started);
      ends.push(started.ended);
      if (!quiet)
        context.stdout.write(`${describe({ ...forward, ...(kind === "local" && { localPort: started.port }) })}\n`);
    }
  }
  const interrupted = new Promise<undefined>(resolve =>
    context.signal.addEventListener("abort", () => resolve(undefined), { once: true }),
  );
  const reason = await Promise.race([interrupted, ...ends]);
  if (reason !== undefined) throw new Problem("provisioning/connection-lost", { message: reason });
}

function list(context: CliContext, forwards: readonly PortForwardJson[]): void {
  for (const [index, forward] of forwards.entries()) context.stdout.write(`[${index}] ${describe(forward)}\n`);
}

function describe({
  kind,
  machine,
  localHost = "127.0.0.1",
  localPort,
  remoteHost,
  remotePort,
}: PortForwardJson): string {
  const here = `${localHost}:${localPort ?? remotePort}`;
  const there = `${remoteHost ? `${remoteHost}:` : ""}${remotePort ?? localPort}`;
  return kind === "local" ? `${machine} (local): ${here} -> ${there}` : `${machine} (remote): ${there} -> ${here}`;
}
