import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { Problem } from "../api/problems.ts";
import type { CliContext } from "./context.ts";

/** From a pipe no more is read. */
const maxBytes = 4096;

/**
 * A new password: typed twice on a terminal without being shown, or the first line of a pipe. Never an argument, which
 * others on the machine could read.
 */
export async function readNewPassword(context: CliContext, label = "New password"): Promise<string> {
  if (!context.stdin.isTTY) return readLineOfPipe(context);
  const first = await readPassword(context, label);
  if ((await readPassword(context, "The same again")) === first) return first;
  throw new Problem("cli/usage", { message: "the two passwords differ; nothing has been changed" });
}

/** One password, typed without being shown. */
export async function readPassword(context: CliContext, label: string): Promise<string> {
  // The terminal's echo is off while readline reads: what it would print goes nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: context.stdin, output: nowhere, terminal: true });
  context.stderr.write(`${label}: `);
  try {
    return await prompt.question("", { signal: context.signal });
  } finally {
    context.stderr.write("\n");
    prompt.close();
  }
}

async function readLineOfPipe({ stdin }: CliContext): Promise<string> {
  let text = "";
  for await (const chunk of stdin) {
    text += String(chunk);
    if (text.length > maxBytes) throw new Problem("cli/usage", { message: "the password on stdin is too long" });
  }
  const [line = ""] = text.split(/\r?\n/, 1);
  if (line === "") throw new Problem("cli/usage", { message: "there is no password on stdin" });
  return line;
}
