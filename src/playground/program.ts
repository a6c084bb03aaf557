import { resolve } from "node:path";

/** How to start one of our programs in another process, by the Node that runs this one. */
export function programArguments(program: "main.ts" | "runner.ts"): string[] {
  return [process.execPath, "--disable-warning=ExperimentalWarning", resolve(import.meta.dirname, "..", program)];
}
