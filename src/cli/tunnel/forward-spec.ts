import type { PortForwardJson } from "../../api/contract/tunnels.ts";
import { Problem } from "../../api/problems.ts";

type Forward = Omit<PortForwardJson, "machine">;

/**
 * Reads RPORT, RHOST:RPORT, LPORT:RPORT, LPORT:RHOST:RPORT, LHOST:LPORT:RPORT or LHOST:LPORT:RHOST:RPORT. Of two or
 * three parts the first is a port when it is a number; IPv4 addresses are hosts.
 */
export function parseLocalForward(spec: string): Forward {
  const parts = spec.split(":");
  const remotePort = port(parts.pop(), spec);
  const [first, second, third] = parts;
  const local = (
    localHost: string | undefined,
    localPort: string | number | undefined,
    remoteHost?: string,
  ): Forward => ({
    kind: "local",
    ...(localHost ? { localHost } : {}),
    localPort: localPort === undefined ? remotePort : port(String(localPort), spec),
    ...(remoteHost ? { remoteHost } : {}),
    remotePort,
  });
  if (parts.length === 0) return local(undefined, undefined);
  if (parts.length === 1) return isPort(first) ? local(undefined, first) : local(undefined, undefined, first);
  if (parts.length === 2) return isPort(first) ? local(undefined, first, second) : local(first, second);
  if (parts.length === 3) return local(first, second, third);
  throw malformed(spec);
}

/** Reads RPORT:LPORT, RPORT:LHOST:LPORT, RHOST:RPORT:LPORT or RHOST:RPORT:LHOST:LPORT. */
export function parseRemoteForward(spec: string): Forward {
  const parts = spec.split(":");
  const localPort = port(parts.pop(), spec);
  const [first, second, third] = parts;
  const remote = (remoteHost: string | undefined, remotePort: string | undefined, localHost?: string): Forward => ({
    kind: "remote",
    ...(localHost ? { localHost } : {}),
    localPort,
    ...(remoteHost ? { remoteHost } : {}),
    remotePort: port(remotePort, spec),
  });
  if (parts.length === 1) return remote(undefined, first);
  if (parts.length === 2) return isPort(first) ? remote(undefined, first, second) : remote(first, second);
  if (parts.length === 3) return remote(first, second, third);
  throw malformed(spec);
}

const isPort = (text: string | undefined) => /^\d{1,5}$/.test(text ?? "");

function port(text: string | undefined, spec: string): number {
  const value = isPort(text) ? Number(text) : 0;
  if (value < 1 || value > 65535) throw malformed(spec);
  return value;
}

function malformed(spec: string): Problem {
  return new Problem("cli/usage", {
    message: `"${spec}" is no port forward`,
    hint: "Write e.g. 8080:80, 8080:db-01:5432 or 127.0.0.1:8080:80 after -L, and 9000:3000 after -R.",
  });
}
