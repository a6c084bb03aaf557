import { readFile } from "node:fs/promises";
import { Problem } from "../api/problems.ts";
import type { CliContext } from "./context.ts";

const inputMaxBytes = 16 * 1024 * 1024;

/** The bytes of FILE, or of standard input for "-". */
export async function readInput(context: CliContext, file: string): Promise<Buffer> {
  if (file !== "-") {
    try {
      return await readFile(file);
    } catch (cause) {
      throw new Problem("cli/file-unreadable", { message: `${file} cannot be read: ${reason(cause)}`, cause });
    }
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of context.stdin) {
    size += (chunk as Buffer).length;
    if (size > inputMaxBytes)
      throw new Problem("cli/file-unreadable", { message: "standard input is larger than 16 MiB" });
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function reason(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "it is a directory";
  if (code === "EACCES") return "permission denied";
  return (cause as Error).message;
}
