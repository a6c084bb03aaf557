import type { buildProblems } from "../../api/problems/build.ts";
import type { Position } from "./positions.ts";

/** One thing to say about a build script. Errors keep it from running. */
export interface ScriptFinding extends Partial<Position> {
  code: keyof typeof buildProblems;
  severity: "error" | "warning";
  /** e.g. commands[1].uid; "" is the script itself */
  path: string;
  message: string;
  hint?: string;
}

export type KeyPath = ReadonlyArray<string | number>;

export function formatPath(path: KeyPath): string {
  return path
    .map((key, index) => {
      if (typeof key === "number") return `[${key}]`;
      const name = /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
      return index === 0 ? name : `.${name}`;
    })
    .join("");
}

/** As they stand in the script. */
export function inOrder(findings: readonly ScriptFinding[]): ScriptFinding[] {
  return findings.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

export function hasErrors(findings: readonly ScriptFinding[]): boolean {
  return findings.some(finding => finding.severity === "error");
}
