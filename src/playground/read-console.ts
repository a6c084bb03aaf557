import { open } from "node:fs/promises";
import { consoleLogFile, type Paths } from "../store/paths.ts";

const consoleMaxBytes = 256 * 1024;

/**
 * The last part of what a machine has printed, of the machine as it runs or of one that is off; "" before its first
 * start and after its play has been destroyed.
 */
export async function readConsole(paths: Paths, playId: string, machine: string): Promise<string> {
  const file = consoleLogFile(paths, playId, machine);
  // The older half first.
  const parts = [await readTail(`${file}.1`), await readTail(file)];
  return Buffer.concat(parts).subarray(-consoleMaxBytes).toString();
}

async function readTail(file: string): Promise<Buffer> {
  try {
    await using handle = await open(file, "r");
    const { size } = await handle.stat();
    const length = Math.min(size, consoleMaxBytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead);
  } catch {
    // No console yet.
    return Buffer.alloc(0);
  }
}
