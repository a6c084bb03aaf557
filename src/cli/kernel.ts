import type { Command } from "@commander-js/extra-typings";
import type { CliContext } from "./context.ts";
import { registerKernelList } from "./kernel-list.ts";
import { registerKernelPull } from "./kernel-pull.ts";
import { registerKernelRemove } from "./kernel-remove.ts";

export function registerKernel(program: Command, context: CliContext): void {
  const kernel = program.command("kernel").description("List, fetch and remove the kernels that machines boot");
  for (const register of [registerKernelList, registerKernelPull, registerKernelRemove]) register(kernel, context);
}
