import type { Command } from "@commander-js/extra-typings";
import type { CliContext } from "./context.ts";
export function registerSsh(_program: Command, _context: CliContext): void {}
export async function runSsh(_context: CliContext, _o: unknown): Promise<void> {}
