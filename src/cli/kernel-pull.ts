import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "@commander-js/extra-typings";
import type { FillKernelTree } from "../vm/kernels/install.ts";
import type { CliContext } from "./context.ts";

export function registerKernelPull(kernel: Command, context: CliContext): void {
  kernel
    .command("pull")
    .argument("<name>", "version as in a manifest's kernel.source (6.12), or with --from a name of your own")
    .description("Fetch a kernel, so that the first machine that asks for it need not wait")
    .option(
      "--from <source>",
      "take it from a Debian package (file.deb), a directory with boot/ and lib/modules/, or an image that has both (oci://…, or as in 'image pull')",
    )
    .action(async (name, options) => {
      const { addKernel, ensureKernel } = await import("../vm/kernels/catalogue.ts");
      const kernelOptions = {
        paths: context.paths,
        signal: context.signal,
        onProgress: (message: string) => void context.stderr.write(`${message}\n`),
      };
      const found =
        options.from === undefined
          ? await ensureKernel(name, kernelOptions)
          : await addKernel(name, await kernelSource(context, options.from), kernelOptions);
      context.stdout.write(`${found.version}: ${found.release}, ${found.package.name} ${found.package.version}\n`);
    });
}

async function kernelSource(context: CliContext, source: string): Promise<FillKernelTree> {
  const path = resolve(source);
  const entry = source.startsWith("oci://") ? undefined : await stat(path).catch(() => undefined);
  if (source.endsWith(".deb")) {
    const { unpackPackageFile } = await import("../vm/kernels/package.ts");
    return (tree, { signal }) => unpackPackageFile(path, tree, signal);
  }
  if (entry?.isDirectory() && !(await isLayout(path))) {
    const { fromDirectory } = await import("../vm/kernels/from-directory.ts");
    return fromDirectory(path);
  }
  const { kernelFromImage } = await import("./kernel-from-image.ts");
  return kernelFromImage(context, source);
}

/** An OCI layout is a directory too; the file that makes it one tells it apart. */
async function isLayout(directory: string): Promise<boolean> {
  return stat(resolve(directory, "oci-layout")).then(
    () => true,
    () => false,
  );
}
