import { Problem } from "../../api/problems.ts";
import { connect } from "../connect.ts";
import type { CliContext } from "../context.ts";
import { forwardLocal, type RunningForward } from "./forward.ts";
import { ensureIdentity } from "./identity.ts";
import { openTunnel } from "./open-tunnel.ts";

export interface SshForwardRequest {
  playId: string;
  machine: string | undefined;
  user: string | undefined;
  localHost?: string | undefined;
  localPort?: number | undefined;
}

/** The machine's sshd on a local port. */
export interface SshForward {
  forward: RunningForward;
  machine: string;
  user: string;
  /** Private key that it lets in. */
  identity: string;
}

/** The first machine and its default user unless others are named. */
export async function forwardSsh(context: CliContext, request: SshForwardRequest): Promise<SshForward> {
  const { playId, localHost, localPort } = request;
  const play = await (await connect(context)).getPlay(playId);
  const machine = play.machines.find(({ name }) => request.machine === undefined || name === request.machine);
  if (machine === undefined) {
    throw new Problem("server/not-found", { message: `the play has no machine "${request.machine}"` });
  }
  const user = request.user ?? machine.users.find(each => each.default)?.name ?? "root";
  const { file, publicKey } = await ensureIdentity(context.paths);
  const tunnel = await openTunnel(context, { playId, machine: machine.name, ssh: { user, publicKey } });
  const warn = (line: string) => context.stderr.write(`${line}\n`);
  const forward = await forwardLocal(tunnel, { localHost, localPort, remotePort: 22 }, warn);
  return { forward, machine: machine.name, user, identity: file };
}

/** Host keys of machines come and go with plays, and the tunnel has shown already whose machine this is. */
export const sshOptions = [
  "-o",
  "BatchMode=yes",
  "-o",
  "StrictHostKeyChecking=no",
  "-o",
  "UserKnownHostsFile=/dev/null",
  "-o",
  "LogLevel=ERROR",
];
