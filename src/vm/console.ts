import type { Duplex } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { BoundedTail } from "../lib/bounded-tail.ts";
import { ConsoleLog } from "./console-log.ts";
import type { VmConsole } from "./machine.ts";

const tailBytes = 64 * 1024;
/** Typed input that the guest has not read yet. */
const inputBytesMax = 64 * 1024;
/** What the stream still holds when the monitor has ended arrives at once; a descriptor that leaked must not hold us. */
const endWaitMs = 1000;

export interface OpenConsole extends VmConsole {
  /** When the monitor has ended: resolves when everything it sent is in the tail and the log. */
  close(): Promise<void>;
}

/**
 * Reads a guest's serial port for ever, keeping its end in memory and in the log.
 *
 * It never stops reading, so a guest that prints without end is slowed by nothing of ours and fills nothing.
 */
export function openConsole(stream: Duplex, logFile: string): OpenConsole {
  const log = new ConsoleLog(logFile);
  const tail = new BoundedTail(tailBytes);
  const listeners = new Set<(chunk: Buffer) => void>();
  stream.on("data", (chunk: Buffer) => {
    log.append(chunk);
    tail.append(chunk);
    for (const listener of listeners) listener(chunk);
  });
  const ended = new Promise<void>(resolve => stream.once("close", () => resolve()));
  stream.on("error", () => {
    // The other end has gone; the machine's exit tells why.
  });
  return {
    lastLines: count => readableLines(tail.toString()).slice(-count),
    tail: () => tail.toBuffer(),
    onOutput(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    write(input) {
      if (stream.destroyed || stream.writableLength + input.length > inputBytesMax) return false;
      stream.write(input);
      return true;
    },
    async close() {
      await Promise.race([ended, new Promise(resolve => setTimeout(resolve, endWaitMs).unref())]);
      await log.close();
    },
  };
}

function readableLines(text: string): string[] {
  return stripVTControlCharacters(text)
    .split(/\r?\n/)
    .map(line => line.replace(/[^\P{Cc}\t]/gu, "").trimEnd())
    .filter(line => line !== "");
}
