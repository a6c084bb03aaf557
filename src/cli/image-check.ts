import { styleText } from "node:util";
import type { Command } from "@commander-js/extra-typings";
import type { BootFinding } from "../images/bootability.ts";
import type { CliContext } from "./context.ts";
import { sourceArgument, sourceOptions } from "./image-source.ts";

const styles = { error: "red", warning: "yellow", info: "cyan" } as const;

export function registerImageCheck(image: Command, context: CliContext): void {
  image
    .command("check")
    .argument("<source>", sourceArgument)
    .description("Report what keeps an image from booting as a machine; exit code 1 when it cannot")
    .option("--json", "print the result as JSON")
    .action(async (text, options) => {
      const { checkImage } = await import("../images/check-image.ts");
      const result = await checkImage(await sourceOptions(context, text));
      context.exitCode = result.canBoot ? 0 : 1;
      if (options.json) {
        context.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
        return;
      }
      for (const finding of result.findings) printFinding(context, finding);
      const verdict = result.canBoot ? `can boot (init: ${result.initKind ?? "none"})` : "cannot boot";
      context.stdout.write(`${text}: ${verdict}, ${countOf(result.findings)}\n`);
    });
}

function printFinding(context: CliContext, finding: BootFinding): void {
  const severity = styleText(styles[finding.severity], finding.severity, { stream: context.stdout });
  context.stdout.write(`${severity}: ${finding.message} [${finding.code}]\n`);
  if (finding.fix !== "") context.stdout.write(finding.fix.replace(/^/gm, "    ").concat("\n"));
}

function countOf(findings: readonly BootFinding[]): string {
  const parts = (["error", "warning", "info"] as const).flatMap(severity => {
    const count = findings.filter(finding => finding.severity === severity).length;
    const word = severity === "info" ? "remark" : severity;
    return count === 0 ? [] : [`${count} ${word}${count === 1 ? "" : "s"}`];
  });
  return parts.join(", ") || "no findings";
}
