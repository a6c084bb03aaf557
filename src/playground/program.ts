import { resolve } from "node:path";

/** How to start this same program again: the running Node and main.ts. */
export function programArguments(): string[] {
  return [process.execPath, "--disable-warning=ExperimentalWarning", resolve(import.meta.dirname, "..", "main.ts")];
}
