import { type Command, Option } from "@commander-js/extra-typings";
import { formatBytes } from "./bytes.ts";
import type { CliContext } from "./context.ts";
import { warnOfFindings } from "./image-findings.ts";
import { endImageProgress } from "./image-progress.ts";
import { sourceArgument, sourceOptions } from "./image-source.ts";

export function registerImageDisk(image: Command, context: CliContext): void {
  image
    .command("disk")
    .argument("<source>", sourceArgument)
    .description("Write an image as a disk file with one filesystem and no partitions")
    .requiredOption("-o, --output <file>", "file to write; it appears when it is complete")
    .addOption(
      new Option("--fs <type>", "filesystem")
        .choices(["ext4", "xfs", "btrfs", "ext3", "ext2"] as const)
        .default("ext4" as const),
    )
    .option("--size <size>", "size of the disk, as 10GiB, or auto: what the image needs in whole GiB", "auto")
    .addOption(
      new Option("--format <format>", "file format").choices(["raw", "qcow2"] as const).default("raw" as const),
    )
    .action(async (text, options) => {
      const { writeImageDisk } = await import("../images/write-image-disk.ts");
      const { filesystemBuilder } = await import("../playground/filesystem-builder/build-filesystem.ts");
      const written = await writeImageDisk({
        ...(await sourceOptions(context, text)),
        output: options.output,
        filesystem: options.fs,
        sizeBytes: await sizeOption(options.size),
        format: options.format,
        build: filesystemBuilder(context.paths),
      });
      endImageProgress(context);
      warnOfFindings(context, written.findings);
      const real = formatBytes(written.fileBytes);
      context.stdout.write(
        `${options.output}: ${formatBytes(written.sizeBytes)} ${options.fs} (${options.format}, ${real} on the host)\n`,
      );
    });
}

/** undefined: as large as it needs to be. */
async function sizeOption(text: string): Promise<number | undefined> {
  if (text === "auto") return undefined;
  const { parseSize } = await import("../manifest/size.ts");
  const { Problem } = await import("../api/problems.ts");
  const size = parseSize(text);
  if (size === undefined || size.mebibytes < 1) {
    throw new Problem("cli/usage", { message: `"${text}" is not a size: write 10GiB, 1500MiB or auto` });
  }
  return size.mebibytes * 2 ** 20;
}
