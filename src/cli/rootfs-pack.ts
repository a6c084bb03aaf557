import { type Command, Option } from "@commander-js/extra-typings";
import type { CliContext } from "./context.ts";
import { printFindings } from "./findings.ts";

const kinds = ["tar-gz", "tar", "directory", "build-script"] as const;

export function registerRootfsPack(rootfs: Command, context: CliContext): void {
  rootfs
    .command("pack")
    .argument("<source_path>", "a build script; what it refers to is looked for beside it")
    .argument("<destination_path>", "the package to make")
    .addOption(new Option("-t, --type <type>", "the kind of package").choices(kinds).makeOptionMandatory())
    .description("Make a package of a build script and the files it refers to")
    .action(async (source, destination, { type }) => {
      const { pack } = await import("../build/package/pack.ts");
      const { openBuildWork } = await import("../build/build-work.ts");
      await using work = await openBuildWork(context.paths);
      const { signal } = context;
      const result = await pack({ source, destination, kind: type, workDirectory: work.directory, signal });
      printFindings(context, result.scriptFile, result.findings);
      if (result.destination === undefined) context.exitCode = 1;
      else context.stdout.write(`${result.destination}\n`);
    });
}
