import { createInterface } from "node:readline/promises";
import { Problem } from "../api/problems.ts";
import type { CliContext } from "./context.ts";

/** Asks on a terminal; elsewhere the command itself is the answer. Throws unless the answer is yes. */
export async function confirm(context: CliContext, question: string): Promise<void> {
  if (!context.stdin.isTTY) return;
  const prompt = createInterface({ input: context.stdin, output: context.stderr });
  try {
    const answer = await prompt.question(`${question} [y/N] `, { signal: context.signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new Problem("cli/usage", { message: "nothing has been removed" });
  } finally {
    prompt.close();
  }
}
