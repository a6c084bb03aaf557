import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import { keepAlive } from "./keep-alive.ts";

/** Unsent bytes above which we stop reading from the target, and below which we go on. */
const pauseAboveBytes = 512 * 1024;
const resumeBelowBytes = 128 * 1024;
/** Time for what the client sent last to reach a target that is slow to take it. */
const lastWordsMs = 10_000;

const closeEnded = 1000;
const closeUnsupported = 1003;
const closeFailed = 1011;

/**
 * Joins one WebSocket and one TCP stream until either ends: raw bytes in binary messages, whose borders mean nothing.
 *
 * The end of the target's bytes ends the tunnel, since the protocol has no word for half an end. The faster side waits
 * for the slower one. Resolves when both are gone.
 */
export function pumpTunnel(webSocket: WebSocket, target: Duplex): Promise<void> {
  keepAlive(webSocket, "stream");
  readTarget(webSocket, target);
  readClient(webSocket, target);
  return new Promise(resolve => {
    webSocket.once("close", code => {
      const isClean = code !== 1006;
      if (!isClean || target.destroyed) {
        target.destroy();
      } else {
        target.resume();
        target.end();
        const timer = setTimeout(() => target.destroy(), lastWordsMs);
        target.once("close", () => clearTimeout(timer));
      }
      resolve();
    });
  });
}

function readTarget(webSocket: WebSocket, target: Duplex): void {
  const sent = () => {
    if (target.isPaused() && webSocket.bufferedAmount < resumeBelowBytes) target.resume();
  };
  target.on("data", (chunk: Buffer) => {
    webSocket.send(chunk, { binary: true }, sent);
    if (webSocket.bufferedAmount > pauseAboveBytes) target.pause();
  });
  const close = (code: number) => {
    // The answer to our closing words must be heard, even if there is nobody left to take the client's bytes.
    if (webSocket.isPaused) webSocket.resume();
    if (webSocket.readyState === webSocket.OPEN) webSocket.close(code);
  };
  target.once("end", () => close(closeEnded));
  target.once("error", () => {
    target.destroy();
    close(closeFailed);
  });
  target.once("close", () => close(closeEnded));
}

function readClient(webSocket: WebSocket, target: Duplex): void {
  let isCorked = false;
  webSocket.on("error", () => webSocket.terminate());
  webSocket.on("message", (data: RawData, isBinary) => {
    if (!isBinary) {
      webSocket.close(closeUnsupported, "only binary messages");
      target.destroy();
      return;
    }
    if (target.destroyed || target.writableEnded) return;
    // The official client cuts its bytes into messages of 1 KiB: those that came together leave together.
    if (!isCorked) {
      isCorked = true;
      target.cork();
      process.nextTick(() => {
        isCorked = false;
        target.uncork();
      });
    }
    if (!target.write(data)) webSocket.pause();
  });
  target.on("drain", () => {
    if (webSocket.isPaused) webSocket.resume();
  });
}
