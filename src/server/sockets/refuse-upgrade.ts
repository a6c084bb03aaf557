import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Problem } from "../../api/problems.ts";

/** Answers an upgrade request with an ordinary HTTP error and closes the connection. Safe to call on a dead socket. */
export function refuseUpgrade(socket: Duplex, problem: Problem): void {
  if (socket.destroyed || !socket.writable) return;
  const { status } = problem.spec;
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Error"}\r\nConnection: close\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
