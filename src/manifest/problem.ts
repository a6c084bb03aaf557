import { Problem } from "../api/problems.ts";
import type { Finding } from "./finding.ts";

/** The errors among findings as one problem: its text names the first and the count, its details hold all findings. */
export function problemOfFindings(findings: readonly Finding[]): Problem | undefined {
  const errors = findings.filter(finding => finding.severity === "error");
  const [first] = errors;
  if (first === undefined) return undefined;
  const others = errors.length - 1;
  const more = others === 0 ? "" : ` (and ${others} more ${others === 1 ? "problem" : "problems"})`;
  return new Problem(first.code, {
    message: `${first.message}${more}`,
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    where: {
      path: first.path,
      ...(first.line === undefined ? {} : { line: first.line }),
      ...(first.column === undefined ? {} : { column: first.column }),
    },
    details: findings,
  });
}
