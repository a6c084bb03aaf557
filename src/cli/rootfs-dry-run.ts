import type { Command } from "@commander-js/extra-typings";
import type { CliContext } from "./context.ts";
import { printFindings } from "./findings.ts";
import { allowHostVolumes, buildContext } from "./rootfs-context.ts";

export function registerRootfsDryRun(rootfs: Command, context: CliContext): void {
  rootfs
    .command("dry-run")
    .argument("<package>", "a build script, or a directory, tar or tar.gz with build.toml")
    .addOption(allowHostVolumes())
    .description("Check a build script, its package and that its engine answers; exit code 1 when it cannot run")
    .action(async (packagePath, { allowHostVolumes: allowed }) => {
      const { dryRun } = await import("../build/run-build.ts");
      const { scriptFile, findings } = await dryRun(packagePath, buildContext(context, allowed));
      printFindings(context, scriptFile, findings);
      const errors = findings.filter(finding => finding.severity === "error").length;
      context.exitCode = errors > 0 ? 1 : 0;
      const verdict = errors === 0 ? "can run" : `${errors} ${errors === 1 ? "error" : "errors"}`;
      context.stdout.write(`${packagePath}: ${verdict}\n`);
    });
}
