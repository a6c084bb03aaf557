import { once } from "node:events";
import WebSocket from "ws";
import {
  type ExecClientMessage,
  execFrameMaxBytes,
  execServerMessageSchema,
  execStream,
} from "../api/exec-protocol.ts";
import { Problem } from "../api/problems.ts";
import type { CliContext } from "./context.ts";

const sendBufferMaxBytes = 1024 * 1024;

/**
 * Connects this process's streams to a remote command and returns its exit code (255 when a signal ended it or the
 * connection was lost, as ssh does). The terminal is put back into its old mode on every path.
 */
export async function runExecSession(context: CliContext, url: string, interactive: boolean): Promise<number> {
  const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 1024 * 1024 });
  const ended = Promise.withResolvers<number>();
  const tell = (message: ExecClientMessage) => socket.send(JSON.stringify(message));
  const onResize = () => tell({ type: "resize", cols: context.stdout.columns ?? 80, rows: context.stdout.rows ?? 24 });
  const onAbort = () => (interactive ? undefined : tell({ type: "signal", name: "INT" }));
  const input = (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; at += execFrameMaxBytes - 1) {
      const part = chunk.subarray(at, at + execFrameMaxBytes - 1);
      socket.send(Buffer.concat([Buffer.from([execStream.stdin]), part]), () => {
        if (socket.bufferedAmount < sendBufferMaxBytes) context.stdin.resume();
      });
    }
    if (socket.bufferedAmount >= sendBufferMaxBytes) context.stdin.pause();
  };
  const inputEnd = () => tell({ type: "eof" });

  socket.on("message", (data: Buffer, isBinary) => {
    if (isBinary) void print(context, socket, data);
    else finish(data.toString(), ended);
  });
  socket.once("error", cause =>
    ended.reject(new Problem("server/unreachable", { message: "the connection to the machine failed", cause })),
  );
  socket.once("close", () => ended.resolve(255));
  try {
    await Promise.race([once(socket, "open"), ended.promise]);
    if (interactive) context.stdin.setRawMode(true);
    context.stdin.on("data", input);
    context.stdin.once("end", inputEnd);
    context.stdout.on("resize", onResize);
    context.signal.addEventListener("abort", onAbort, { once: true });
    return await ended.promise;
  } finally {
    if (interactive) context.stdin.setRawMode(false);
    context.stdin.off("data", input);
    context.stdin.off("end", inputEnd);
    context.stdin.pause();
    // A stdin that somebody else keeps open must not keep a finished command alive.
    (context.stdin as { unref?: () => void }).unref?.();
    context.stdout.off("resize", onResize);
    context.signal.removeEventListener("abort", onAbort);
    socket.terminate();
  }
}

/** Stops reading from the socket while our own reader is slow. */
async function print(context: CliContext, socket: WebSocket, frame: Buffer): Promise<void> {
  const out = frame[0] === execStream.stderr ? context.stderr : context.stdout;
  if (out.write(frame.subarray(1))) return;
  socket.pause();
  await once(out, "drain").catch(() => undefined);
  socket.resume();
}

function finish(text: string, ended: PromiseWithResolvers<number>): void {
  const message = execServerMessageSchema.safeParse(JSON.parse(text));
  if (!message.success) return;
  if (message.data.type === "exit") ended.resolve(message.data.exitCode ?? 255);
  else ended.reject(Problem.fromJSON(message.data.problem));
}
