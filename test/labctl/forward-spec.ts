import { Exit } from "./context.ts";
import type { PortForward } from "./shapes.ts";

const isPort = (text: string) => /^\d+$/.test(text);
/** The client takes whatever begins with a digit for a port. */
const looksLikePort = (text: string) => /^\d/.test(text);

/** `-L`: RPORT, RHOST:RPORT, LPORT:RPORT, LPORT:RHOST:RPORT, LHOST:LPORT:RPORT, LHOST:LPORT:RHOST:RPORT. */
function localForward(spec: string, machine: string): PortForward {
  const [a = "", b = "", c = "", d = ""] = spec.split(":");
  const made = (localHost: string, localPort: string, remoteHost: string, remotePort: string) =>
    forward("local", machine, { localHost, localPort, remoteHost, remotePort }, spec);
  switch (spec.split(":").length) {
    case 1:
      return made("127.0.0.1", a, "", a);
    case 2:
      return looksLikePort(a) ? made("127.0.0.1", a, "", b) : made("127.0.0.1", b, a, b);
    case 3:
      return looksLikePort(a) ? made("127.0.0.1", a, b, c) : made(a, b, "", c);
    case 4:
      return made(a, b, c, d);
    default:
      throw new Exit(1, `Invalid local port forward ${spec}`);
  }
}

/** `-R`: RPORT:LPORT, RPORT:LHOST:LPORT, RHOST:RPORT:LPORT, RHOST:RPORT:LHOST:LPORT. */
function remoteForward(spec: string, machine: string): PortForward {
  const [a = "", b = "", c = "", d = ""] = spec.split(":");
  const made = (remoteHost: string, remotePort: string, localHost: string, localPort: string) =>
    forward("remote", machine, { localHost, localPort, remoteHost, remotePort }, spec);
  switch (spec.split(":").length) {
    case 2:
      return made("0.0.0.0", a, "127.0.0.1", b);
    case 3:
      return looksLikePort(a) ? made("0.0.0.0", a, b, c) : made(a, b, "127.0.0.1", c);
    case 4:
      return made(a, b, c, d);
    default:
      throw new Exit(1, `Invalid remote port forward ${spec}`);
  }
}

function forward(
  kind: string,
  machine: string,
  { localPort, remotePort, ...hosts }: Record<"localHost" | "localPort" | "remoteHost" | "remotePort", string>,
  spec: string,
): PortForward {
  if (!isPort(localPort) || !isPort(remotePort)) throw new Exit(1, `Invalid port forward ${spec}`);
  return { kind, machine, ...hosts, localPort: Number(localPort), remotePort: Number(remotePort) };
}

export function forwardSpecs(machine: string, local: readonly string[], remote: readonly string[]): PortForward[] {
  if (local.length + remote.length === 0) throw new Exit(1, "At least one -L or -R is needed");
  return [...local.map(spec => localForward(spec, machine)), ...remote.map(spec => remoteForward(spec, machine))];
}
