import { styleText } from "node:util";
import type { BootFinding } from "../images/bootability.ts";
import type { CliContext } from "./context.ts";

const styles = { error: "red", warning: "yellow", info: "cyan" } as const;

/** The finding, and below it the line that mends it. */
export function printFinding(stream: NodeJS.WriteStream, finding: BootFinding): void {
  const severity = styleText(styles[finding.severity], finding.severity, { stream });
  stream.write(`${severity}: ${finding.message} [${finding.code}]\n`);
  if (finding.fix !== "") stream.write(finding.fix.replace(/^/gm, "    ").concat("\n"));
}

/** Of commands whose result is something else: what was worth knowing about the image itself, on stderr. */
export function warnOfFindings(context: CliContext, findings: readonly BootFinding[]): void {
  for (const finding of findings) printFinding(context.stderr, finding);
}
