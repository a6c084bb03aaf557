import { type ParseArgsConfig, parseArgs } from "node:util";
import { Exit } from "./context.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

export const flag = { type: "boolean" } as const;
export const value = { type: "string" } as const;
export const values = { type: "string", multiple: true } as const;

/** Flags and operands of one command; a usage error ends the program with 1. */
export function parsed<O extends Options>(args: readonly string[], options: O) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true, allowNegative: false });
  } catch (error) {
    throw new Exit(1, `Usage: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function operand(positionals: readonly string[], index: number, name: string): string {
  const found = positionals[index];
  if (found === undefined) throw new Exit(1, `Usage: missing ${name}`);
  return found;
}

/** "2h", "90m", "1h30m", "-1" as seconds. */
export function goDuration(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  const [, hours = "0", minutes = "0", seconds = "0"] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text) ?? [];
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

/** Seconds as Go prints a duration. */
export function showDuration(total: number): string {
  const seconds = Math.max(0, Math.round(total));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  return h > 0 ? `${h}h${m}m${s}s` : m > 0 ? `${m}m${s}s` : `${s}s`;
}
