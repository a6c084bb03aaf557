import type { Command } from "@commander-js/extra-typings";
import type { CliContext } from "./context.ts";

export function registerKernelRemove(kernel: Command, context: CliContext): void {
  kernel
    .command("remove")
    .alias("rm")
    .argument("<name>", "version or name, as 'kernel list' prints it")
    .description("Remove an installed kernel; a version of the catalogue is fetched anew, and newest, when next needed")
    .action(async name => {
      const { restingStates } = await import("../api/play-state.ts");
      const { Problem } = await import("../api/problems.ts");
      const { kernelUsers } = await import("../playground/kernel-users.ts");
      const { removeKernel } = await import("../vm/kernels/catalogue.ts");
      const users = (await kernelUsers(context.paths, [undefined, ...restingStates])).get(name);
      if (users !== undefined) {
        throw new Problem("kernel/in-use", { message: `Kernel ${name} runs in ${users.join(", ")}` });
      }
      await removeKernel(name, context.paths);
      context.stdout.write(`Kernel ${name} is removed\n`);
    });
}
