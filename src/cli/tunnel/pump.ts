import type { Socket } from "node:net";
import WebSocket from "ws";

const maxUnsentBytes = 1024 * 1024;

/**
 * Joins a local TCP connection and a tunnel's WebSocket. The tunnel knows no half-closed connections: its end is the
 * end of the connection. A local "client" that has finished sending still waits for the answer; a local "server" has
 * given it then, so the tunnel ends.
 */
export function pump(local: Socket, tunnel: WebSocket, role: "client" | "server"): void {
  if (role === "server") local.once("end", () => tunnel.close());
  local.pause();
  local.on("error", () => tunnel.close());
  local.once("close", () => (tunnel.readyState === WebSocket.OPEN ? tunnel.close() : tunnel.terminate()));
  tunnel.on("error", () => local.destroy());
  tunnel.once("close", () => local.end(() => local.destroy()));
  tunnel.once("open", () => local.resume());
  const sent = () => {
    if (tunnel.bufferedAmount < maxUnsentBytes / 2) local.resume();
  };
  local.on("data", chunk => {
    tunnel.send(chunk, { binary: true }, sent);
    if (tunnel.bufferedAmount > maxUnsentBytes) local.pause();
  });
  tunnel.on("message", data => {
    if (!local.write(data as Buffer)) tunnel.pause();
  });
  local.on("drain", () => tunnel.resume());
}
