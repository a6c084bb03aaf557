import type { WebSocket } from "ws";

const pingIntervalMs = 30_000;

/**
 * Pings until the socket closes, and ends it when a ping stays without an answer until the next: its client has
 * vanished without a word.
 */
export function keepAlive(socket: WebSocket): void {
  let answered = true;
  socket.on("pong", () => (answered = true));
  const timer = setInterval(() => {
    // While we do not read, answers lie unread too; a dead connection then fails at the ping itself.
    if (!answered && !socket.isPaused) return socket.terminate();
    answered = socket.isPaused;
    if (socket.readyState === socket.OPEN) socket.ping();
  }, pingIntervalMs);
  socket.once("close", () => clearInterval(timer));
}
