import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type WebSocket from "ws";
import { open, RefusedHandshake } from "./conns.ts";
import { Exit, type LabctlContext } from "./context.ts";
import { type Tunnel, tunnelSocket } from "./tunnel.ts";

/** labctl sends messages of at most so many bytes. */
const maxMessageBytes = 1024;

/** Accepts local connections and gives each its own WebSocket to `payload`. Resolves with the port. */
export async function forwardLocal(
  context: LabctlContext,
  tunnel: Tunnel,
  { host, port, payload }: { host: string; port: number; payload: string },
): Promise<{ server: Server; port: number }> {
  const server = createServer({ allowHalfOpen: true }, socket => {
    socket.on("error", () => socket.destroy());
    socket.pause();
    const { url, headers } = tunnelSocket(tunnel, payload);
    open(context, url, headers).then(
      webSocket => join(socket, webSocket),
      error => {
        context.err(`Error dialing tunnel: ${String(error)}\n`);
        socket.destroy();
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", error => reject(new Exit(1, `Couldn't listen on ${host}:${port}: ${error.message}`)));
    server.listen(port, host === "" ? undefined : host, resolve);
  });
  const stop = () => server.close();
  context.signal.addEventListener("abort", stop, { once: true });
  return { server, port: (server.address() as AddressInfo).port };
}

/** Listens inside the play and dials `local` for each connection there. Rejects when the control socket ends. */
export async function forwardRemote(
  context: LabctlContext,
  tunnel: Tunnel,
  { listen, local, onListening }: { listen: string; local: { host: string; port: number }; onListening?: () => void },
): Promise<never> {
  const { url, headers } = tunnelSocket(tunnel, `listen:${listen}`);
  const control = await open(context, url, headers).catch((error: unknown) => {
    const why = error instanceof RefusedHandshake ? `(status ${error.status})` : String(error);
    throw new Exit(1, `Error dialing reverse control WS ${why}`);
  });
  onListening?.();
  control.on("message", (data, isBinary) => {
    if (isBinary) throw new Error("the control socket of a reverse forward carries text");
    const { type, cid } = JSON.parse((data as Buffer).toString()) as { type: string; cid: string };
    if (type === "connect") void accept(context, tunnel, cid, local);
  });
  control.resume();
  return new Promise((_resolve, reject) => {
    control.once("close", () =>
      reject(new Exit(1, context.signal.aborted ? "Context canceled" : "Reverse control WS closed")),
    );
  });
}

async function accept(context: LabctlContext, tunnel: Tunnel, cid: string, local: { host: string; port: number }) {
  const socket = connect({ ...local, allowHalfOpen: true });
  socket.on("error", () => socket.destroy());
  socket.pause();
  socket.once("connect", () => {
    const { url, headers } = tunnelSocket(tunnel, `connect:${cid}`);
    open(context, url, headers).then(
      webSocket => join(socket, webSocket),
      () => socket.destroy(),
    );
  });
}

/**
 * Raw bytes in binary messages. An end of the local side is not passed on: only the end of the WebSocket closes the
 * local connection. A text message is an error and ends it.
 */
function join(socket: Socket, webSocket: WebSocket): void {
  socket.on("data", chunk => {
    for (let at = 0; at < chunk.length; at += maxMessageBytes) {
      webSocket.send(chunk.subarray(at, at + maxMessageBytes), { binary: true });
    }
    if (webSocket.bufferedAmount < 1024 * 1024) return;
    socket.pause();
    const timer = setInterval(() => {
      if (webSocket.bufferedAmount > 64 * 1024 && webSocket.readyState === webSocket.OPEN) return;
      clearInterval(timer);
      socket.resume();
    }, 5);
  });
  webSocket.on("message", (data, isBinary) => {
    if (!isBinary) {
      webSocket.terminate();
      return;
    }
    if (!socket.write(data as Buffer)) {
      webSocket.pause();
      socket.once("drain", () => webSocket.resume());
    }
  });
  webSocket.once("close", () => socket.end());
  webSocket.on("error", () => webSocket.terminate());
  socket.once("close", () => webSocket.terminate());
  socket.resume();
  webSocket.resume();
}
