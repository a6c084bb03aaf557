import { type Command, Option } from "@commander-js/extra-typings";
import type { CliContext } from "./context.ts";
import { printFindings } from "./findings.ts";
import { readInput } from "./manifest-file.ts";

export function registerManifestCheck(manifest: Command, context: CliContext): void {
  manifest
    .command("check")
    .argument("<file>", "a manifest, or - for stdin")
    .description("Report every problem of a manifest; exit code 1 when it has errors")
    .addOption(
      new Option("--for <purpose>", "what the manifest is meant for")
        .choices(["create", "update", "start"] as const)
        .default("create" as const),
    )
    .option("--json", "print findings as JSON")
    .action(async (file, options) => {
      const { checkManifest } = await import("../manifest/check.ts");
      const { parseManifestYaml } = await import("../manifest/parse.ts");
      const { findings } = checkManifest(parseManifestYaml(await readInput(context, file)), {
        for: options.for,
        // No installation of this release has any.
        knownSnapshots: [],
      });
      const errors = findings.filter(finding => finding.severity === "error").length;
      context.exitCode = errors > 0 ? 1 : 0;
      if (options.json) {
        context.stdout.write(`${JSON.stringify({ valid: errors === 0, findings }, null, 2)}\n`);
        return;
      }
      printFindings(context, file, findings);
      const others = findings.length - errors;
      const also = others === 0 ? "" : `, ${others} ${others === 1 ? "remark" : "remarks"}`;
      context.stdout.write(
        errors === 0 ? `${file}: valid${also}\n` : `${file}: ${errors} ${errors === 1 ? "error" : "errors"}${also}\n`,
      );
    });
}
