import type { Command } from "@commander-js/extra-typings";
import type { CliContext } from "./context.ts";

export function registerRootfsUnpack(rootfs: Command, context: CliContext): void {
  rootfs
    .command("unpack")
    .argument("<source_path>", "a package as tar or tar.gz")
    .argument("<destination_path>", "the directory to make")
    .description("Turn a packed build script into a directory")
    .action(async (source, destination) => {
      const { unpack } = await import("../build/package/pack.ts");
      const { openBuildWork } = await import("../build/build-work.ts");
      await using work = await openBuildWork(context.paths);
      const result = await unpack({ source, destination, workDirectory: work.directory, signal: context.signal });
      for (const warning of result.warnings) context.stderr.write(`warning: ${warning}\n`);
      if (result.destination !== undefined) context.stdout.write(`${result.destination}\n`);
    });
}
