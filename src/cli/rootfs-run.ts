import type { Command } from "@commander-js/extra-typings";
import type { CliContext } from "./context.ts";
import { printFindings } from "./findings.ts";
import type { RootfsOptions } from "./rootfs-options.ts";
import { allowHostVolumes, buildContext } from "./rootfs-context.ts";
import { buildLog } from "./rootfs-log.ts";

export function registerRootfsRun(rootfs: Command, context: CliContext, options: () => RootfsOptions): void {
  rootfs
    .command("run")
    .argument("<package>", "a build script, or a directory, tar or tar.gz with build.toml")
    .requiredOption("-o, --output <path>", "the filesystem image to write")
    .addOption(allowHostVolumes())
    .description("Run a build script and write its filesystem image")
    .action(async (packagePath, { output, allowHostVolumes: allowed }) => {
      const { runBuild } = await import("../build/run-build.ts");
      const { filesystemBuilder } = await import("../playground/filesystem-builder/build-filesystem.ts");
      await runBuild({
        ...buildContext(context, allowed),
        packagePath,
        output,
        buildFilesystem: filesystemBuilder(context.paths),
        onEvent: buildLog(context, options()),
        onFindings: ({ scriptFile, findings }) => printFindings(context, scriptFile, findings),
      });
    });
}
