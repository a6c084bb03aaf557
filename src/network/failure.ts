import { Problem } from "../api/problems.ts";

/** Runs one part of setting up a network and says which part it was when it fails. */
export async function explained<T>(part: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    // Others, such as a program that is not installed, already say more than "a command failed".
    if (error instanceof Problem && error.code !== "host/command-failed") throw error;
    throw new Problem("network/setup-failed", {
      message: `the ${part} of the play could not be set up: ${reasonOf(error)}`,
      where: { step: "network" },
      details: error instanceof Problem ? error.details : [],
      cause: error,
    });
  }
}

/** The programs used here give the reason first and then the number of the command; both lines are wanted. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const said = error instanceof Problem ? error.details.filter(line => typeof line === "string") : [];
  return said.length === 0 ? error.message : said.slice(0, 2).join("; ");
}
