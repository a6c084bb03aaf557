import { chmod, rename, rm, stat } from "node:fs/promises";
import { Problem } from "../api/problems.ts";
import { run } from "../host/process.ts";
import type { BootFinding } from "./bootability.ts";
import { whileUsingCache } from "./cache-use.ts";
import { diskFilePlace } from "./disk-file-place.ts";
import { ensureBaseDrive } from "./ensure-base-drive.ts";
import type { BuildFilesystem, Filesystem } from "./filesystem-builder.ts";
import type { SourceOptions } from "./pull-into-cache.ts";
import { removeAbandonedDisks, unfinishedDisk } from "./unfinished-disks.ts";

const convertTimeoutMs = 3_600_000;
const gibibyte = 1024 ** 3;

export interface ImageDiskOptions extends SourceOptions {
  output: string;
  filesystem: Filesystem;
  /** undefined: as many whole GiB as the image needs */
  sizeBytes: number | undefined;
  format: "raw" | "qcow2";
  /** Makes the filesystems that we cannot write ourselves; without it they are refused. */
  build?: BuildFilesystem;
}

export interface WrittenDisk {
  sizeBytes: number;
  /** What the file occupies on the disk of the host. */
  fileBytes: number;
  /** Of how the image was found and unpacked. What matters only to a machine is not among them. */
  findings: BootFinding[];
}

/**
 * Writes the image of a source as a disk file. The file appears by rename when it is complete; when this rejects,
 * what was there before is untouched. An image that could not boot is written too: it may be meant as data. What an
 * earlier writer of the file left beside it when it was killed is removed.
 */
export async function writeImageDisk(options: ImageDiskOptions): Promise<WrittenDisk> {
  const place = await diskFilePlace(options.output);
  // Until it is copied nobody may tidy up the drive.
  return whileUsingCache(options.paths, () => writeDiskAt(place, options), { signal: options.signal });
}

async function writeDiskAt(place: string, options: ImageDiskOptions): Promise<WrittenDisk> {
  const { output, format, signal } = options;
  const drive = await ensureBaseDrive({
    ...options,
    sizeBytes: options.sizeBytes ?? gibibyte,
    sizeIsExplicit: options.sizeBytes !== undefined,
    purpose: "data",
  });
  await removeAbandonedDisks(place);
  const partial = unfinishedDisk(place);
  const copy =
    format === "raw"
      ? ["cp", "--sparse=always", "--reflink=auto", "--", drive.path, partial]
      : ["qemu-img", "convert", "-f", "raw", "-O", "qcow2", drive.path, partial];
  try {
    await run(copy, { timeoutMs: convertTimeoutMs, ...(signal ? { signal } : {}) });
    await chmod(partial, 0o644);
    await rename(partial, place);
  } catch (error) {
    await rm(partial, { force: true });
    signal?.throwIfAborted();
    if (!(error instanceof Problem)) throw error;
    throw new Problem(error.code, { message: `${output} could not be written: ${error.message}`, cause: error });
  }
  return {
    sizeBytes: drive.sizeBytes,
    fileBytes: (await stat(place)).blocks * 512,
    findings: drive.findings.filter(({ code }) => code.startsWith("image/")),
  };
}
