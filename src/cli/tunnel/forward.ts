import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import type WebSocket from "ws";
import { Problem } from "../../api/problems.ts";
import { type OpenTunnel, refusal } from "./open-tunnel.ts";
import { pump } from "./pump.ts";

export interface LocalForward {
  localHost?: string | undefined;
  /** 0 or absent: any free port */
  localPort?: number | undefined;
  remoteHost?: string | undefined;
  remotePort: number;
}

/** A forward at work. Disposing it closes its port; connections under way end with the process. */
export interface RunningForward extends Disposable {
  host: string;
  port: number;
  /** Resolves when it ends by itself, with the reason. */
  ended: Promise<string>;
}

/** Listens here and connects there. A connection that the machine refuses ends alone, with a line to `warn`. */
export async function forwardLocal(
  tunnel: OpenTunnel,
  { localHost = "127.0.0.1", localPort = 0, remoteHost = "", remotePort }: LocalForward,
  warn: (line: string) => void,
): Promise<RunningForward> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, local => {
    const socket = tunnel.dial(`${remoteHost}:${remotePort}`);
    void refusal(socket).then(problem => warn(problem.message));
    pump(local, socket, "client");
  });
  server.listen({ host: localHost, port: localPort });
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new Problem("cli/usage", {
      message: `cannot listen on ${localHost}:${localPort}: ${(cause as Error).message}`,
      cause,
    });
  }
  const { port } = server.address() as AddressInfo;
  return { host: localHost, port, ended: new Promise(() => {}), [Symbol.dispose]: () => void server.close() };
}

export interface RemoteForward {
  remoteHost?: string | undefined;
  remotePort: number;
  localHost?: string | undefined;
  localPort: number;
}

/** Listens in the machine and connects here. */
export async function forwardRemote(
  tunnel: OpenTunnel,
  { remoteHost = "0.0.0.0", remotePort, localHost = "127.0.0.1", localPort }: RemoteForward,
  warn: (line: string) => void,
): Promise<RunningForward> {
  const control = tunnel.dial(`listen:${remoteHost}:${remotePort}`);
  const refused = refusal(control).then(problem => Promise.reject(problem));
  // Not "once": it would report the end of a refused socket in place of the reason.
  await Promise.race([new Promise(resolve => control.once("open", resolve)), refused]);
  refused.catch(() => {
    // Later errors end the control socket, and that is told.
  });
  control.on("message", data => fetchConnection(tunnel, (data as Buffer).toString(), { localHost, localPort }, warn));
  const ended = once(control, "close").then(([code]) => `the machine's side closed the forward (${code})`);
  return { host: remoteHost, port: remotePort, ended, [Symbol.dispose]: () => control.terminate() };
}

function fetchConnection(
  tunnel: OpenTunnel,
  message: string,
  { localHost, localPort }: { localHost: string; localPort: number },
  warn: (line: string) => void,
): void {
  const { type, cid } = JSON.parse(message) as { type?: unknown; cid?: unknown };
  if (type !== "connect" || typeof cid !== "string") return;
  const local = connect({ host: localHost, port: localPort, allowHalfOpen: true, noDelay: true });
  const onError = (error: Error) => warn(error.message);
  local.once("error", onError);
  local.once("connect", () => {
    local.off("error", onError);
    const socket: WebSocket = tunnel.dial(`connect:${cid}`);
    void refusal(socket).then(problem => warn(problem.message));
    pump(local, socket, "server");
  });
}
