import { randomBytes } from "node:crypto";
import { chmod, rename, rm, stat } from "node:fs/promises";
import { Problem } from "../api/problems.ts";
import { run } from "../host/process.ts";
import { ensureBaseDrive } from "./ensure-base-drive.ts";
import type { BuildFilesystem, Filesystem } from "./filesystem-builder.ts";
import type { SourceOptions } from "./pull-into-cache.ts";

const convertTimeoutMs = 3_600_000;
const gibibyte = 1024 ** 3;

export interface ImageDiskOptions extends SourceOptions {
  output: string;
  filesystem: Filesystem;
  /** undefined: as many whole GiB as the image needs */
  sizeBytes: number | undefined;
  format: "raw" | "qcow2";
  /** Makes the filesystems that we cannot write ourselves. */
  build: BuildFilesystem;
}

/**
 * Writes the image of a source as a disk file. The file appears by rename when it is complete; when this rejects,
 * what was there before is untouched. An image that could not boot is written too: it may be meant as data.
 */
export async function writeImageDisk(options: ImageDiskOptions): Promise<{ sizeBytes: number; fileBytes: number }> {
  const { output, format, signal } = options;
  const drive = await ensureBaseDrive({
    ...options,
    sizeBytes: options.sizeBytes ?? gibibyte,
    sizeIsExplicit: options.sizeBytes !== undefined,
    purpose: "data",
  });
  const partial = `${output}.${randomBytes(4).toString("hex")}.partial`;
  const copy =
    format === "raw"
      ? ["cp", "--sparse=always", "--reflink=auto", "--", drive.path, partial]
      : ["qemu-img", "convert", "-f", "raw", "-O", "qcow2", drive.path, partial];
  try {
    await run(copy, { timeoutMs: convertTimeoutMs, ...(signal ? { signal } : {}) });
    await chmod(partial, 0o644);
    await rename(partial, output);
  } catch (error) {
    await rm(partial, { force: true });
    signal?.throwIfAborted();
    if (!(error instanceof Problem)) throw error;
    throw new Problem(error.code, { message: `${output} could not be written: ${error.message}`, cause: error });
  }
  return { sizeBytes: drive.sizeBytes, fileBytes: (await stat(output)).blocks * 512 };
}
