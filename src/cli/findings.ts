import { styleText } from "node:util";
import type { Finding } from "../manifest/finding.ts";
import type { CliContext } from "./context.ts";

const styles = { error: "red", warning: "yellow", notice: "cyan" } as const;

/** Manifests and build scripts have findings of their own codes. */
type ShownFinding = Pick<Finding, "severity" | "line" | "column" | "message" | "hint"> & { code: string };

/** One finding a line, as compilers do: file:line:column: severity: message [code], with its hint below. */
export function printFindings(context: CliContext, file: string, findings: readonly ShownFinding[]): void {
  const name = file === "-" ? "<stdin>" : file;
  for (const finding of findings) {
    const place = [name, finding.line, finding.column].filter(part => part !== undefined).join(":");
    const severity = styleText(styles[finding.severity], finding.severity, { stream: context.stderr });
    context.stderr.write(`${place}: ${severity}: ${finding.message} [${finding.code}]\n`);
    if (finding.hint !== undefined) context.stderr.write(`    ${finding.hint}\n`);
  }
}
