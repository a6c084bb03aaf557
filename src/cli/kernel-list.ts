import type { Command } from "@commander-js/extra-typings";
import type { CliContext } from "./context.ts";
import { renderTable } from "./table.ts";

export function registerKernelList(kernel: Command, context: CliContext): void {
  kernel
    .command("list")
    .alias("ls")
    .description("List the kernels that manifests may ask for; those not installed are fetched when first needed")
    .option("--json", "print the list as JSON")
    .action(async options => {
      const { knownKernels, listKernels } = await import("../vm/kernels/catalogue.ts");
      const { defaults } = await import("../manifest/limits.ts");
      const installed = new Map((await listKernels(context.paths)).map(found => [found.version, found]));
      const kernels = (await knownKernels(context.paths)).map(version => {
        const found = installed.get(version);
        return {
          version,
          isDefault: version === defaults.kernel,
          isInstalled: found !== undefined,
          release: found?.release,
          package: found?.package,
        };
      });
      if (options.json) {
        context.stdout.write(`${JSON.stringify(kernels, null, 2)}\n`);
        return;
      }
      context.stdout.write(
        renderTable(
          ["KERNEL", "INSTALLED", "RELEASE", "FROM"],
          kernels.map(({ version, isDefault, isInstalled, release, package: from }) => [
            isDefault ? `${version} (default)` : version,
            isInstalled ? "yes" : "no",
            release ?? "-",
            from === undefined ? "-" : `${from.name} ${from.version}`.trim(),
          ]),
        ),
      );
    });
}
