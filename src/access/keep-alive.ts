import type { WebSocket } from "ws";

const pingIntervalMs = 30_000;

/**
 * How long each kind of client may leave our pings unanswered. All answer only while they read.
 *
 * A host that has vanished is found by TCP in any case: what we sent stays unacknowledged, and the kernel gives up after
 * some 15 minutes. So only those are let go of earlier that are in the way of others until then.
 */
const patienceMs = {
  /** A terminal: its viewers tell what they have drawn and never stop reading, and the shell waits for the slowest. */
  viewer: 30_000,
  /** A port inside a machine: its client reads at once, and can come back for the port only when we have closed it. */
  listener: 2 * 60_000,
  /** Bytes for another program: while that one takes none (a pager, a full disk), the client reads nothing of us. */
  stream: 12 * 60 * 60_000,
};

/**
 * Pings until the socket closes, which also keeps proxies from closing it, and ends it when nothing was heard for as
 * long as it may be silent.
 */
export function keepAlive(socket: WebSocket, patience: keyof typeof patienceMs): void {
  let silentMs = 0;
  const heard = () => void (silentMs = 0);
  socket.on("pong", heard);
  socket.on("message", heard);
  const timer = setInterval(() => {
    // While we do not read, answers lie unread too; a dead connection then fails at the ping itself.
    if (socket.isPaused) silentMs = 0;
    else if (silentMs >= patienceMs[patience]) return socket.terminate();
    else silentMs += pingIntervalMs;
    if (socket.readyState === socket.OPEN) socket.ping();
  }, pingIntervalMs);
  socket.once("close", () => clearInterval(timer));
}
