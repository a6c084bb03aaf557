import { Problem } from "../../api/problems.ts";
import type { OnOutput } from "./engine.ts";

const headerBytes = 8;
const streams = { 1: "stdout", 2: "stderr" } as const;

/**
 * Reads the output of a program as engines multiplex it: one byte that names the stream, three zeros, four bytes of
 * length, then as many bytes. Parts are passed on as they arrive, so a frame of any length takes no memory.
 */
export async function readFrames(source: AsyncIterable<Buffer>, onOutput: OnOutput): Promise<void> {
  let header = Buffer.alloc(0);
  let stream: "stdout" | "stderr" = "stdout";
  let left = 0;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      if (left > 0) {
        const part = chunk.subarray(at, at + left);
        onOutput(stream, part);
        left -= part.length;
        at += part.length;
        continue;
      }
      const missing = headerBytes - header.length;
      header = Buffer.concat([header, chunk.subarray(at, at + missing)]);
      at += missing;
      if (header.length < headerBytes) continue;
      const name = streams[header[0] as 1 | 2];
      if (name === undefined || header.readUIntBE(1, 3) !== 0)
        throw new Problem("build/engine-failed", { message: "the engine's output stream is not framed as expected" });
      stream = name;
      left = header.readUInt32BE(4);
      header = Buffer.alloc(0);
    }
  }
  if (left > 0 || header.length > 0)
    throw new Problem("build/engine-failed", { message: "the engine's output stream ended inside a frame" });
}
