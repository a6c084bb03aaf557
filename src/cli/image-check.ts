import type { Command } from "@commander-js/extra-typings";
import type { BootFinding } from "../images/bootability.ts";
import type { CliContext } from "./context.ts";
import { printFinding } from "./image-findings.ts";
import { endImageProgress } from "./image-progress.ts";
import { sourceArgument, sourceOptions } from "./image-source.ts";

export function registerImageCheck(image: Command, context: CliContext): void {
  image
    .command("check")
    .argument("<source>", sourceArgument)
    .description("Report what keeps an image from booting as a machine; exit code 1 when it cannot")
    .option("--json", "print the result as JSON")
    .action(async (text, options) => {
      const { checkImage } = await import("../images/check-image.ts");
      const result = await checkImage(await sourceOptions(context, text));
      endImageProgress(context);
      context.exitCode = result.canBoot ? 0 : 1;
      if (options.json) {
        context.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
        return;
      }
      for (const finding of result.findings) printFinding(context.stdout, finding);
      const verdict = result.canBoot ? `can boot (init: ${result.initKind ?? "none"})` : "cannot boot";
      context.stdout.write(`${text}: ${verdict}, ${countOf(result.findings)}\n`);
    });
}

function countOf(findings: readonly BootFinding[]): string {
  const parts = (["error", "warning", "info"] as const).flatMap(severity => {
    const count = findings.filter(finding => finding.severity === severity).length;
    const word = severity === "info" ? "remark" : severity;
    return count === 0 ? [] : [`${count} ${word}${count === 1 ? "" : "s"}`];
  });
  return parts.join(", ") || "no findings";
}
