import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { Problem } from "../../api/problems.ts";
import { requiredBytes } from "../../images/ext4/space.ts";
import { writeExt4 } from "../../images/ext4/write-ext4.ts";
import type { BuildFilesystem } from "../../images/filesystem-builder.ts";
import type { PayloadSource, Tree } from "../../images/tree.ts";
import { requiredDriveBytes, writeDrive } from "../../images/write-drive.ts";
import { readExt4Arguments, readSquashfsArguments, readVfatArguments } from "../script/mkfs-args.ts";
import { readBtrfsArguments, readXfsArguments } from "../script/mkfs-foreign-args.ts";
import type { BuildScript, FilesystemPart } from "../script/schema.ts";
import { contentDigest } from "../tree/content-digest.ts";
import { tarChunks } from "../tree/write-tar.ts";
import { writeOciLayout } from "./oci-layout.ts";
import { writeSquashfs } from "./squashfs.ts";
import { writeVfat } from "./vfat.ts";

const mebibyte = 2 ** 20;

export interface OutputOptions {
  /** Created here: a file, or a directory for an OCI layout. The caller removes it when this rejects. */
  path: string;
  /** Where the caller will put it; its name decides whether an archive is compressed. */
  finalPath: string;
  /** Later than nothing in the tree; what else needs a time gets this one. */
  timeSeconds: number;
  workDirectory: string;
  buildFilesystem: BuildFilesystem | undefined;
  signal: AbortSignal;
  onProgress: (writtenBytes: number, totalBytes: number) => void;
  onWarning: (message: string) => void;
}

/** Writes a tree as what the script asks for. The same tree and script give the same bytes. */
export async function writeOutput(
  script: BuildScript,
  tree: Tree,
  payloads: PayloadSource,
  options: OutputOptions,
): Promise<void> {
  const format = script.output?.format ?? "image";
  if (format === "oci") {
    const [, architecture = "amd64"] = script.container.image.platform?.split("/") ?? [];
    await writeOciLayout(tree, payloads, { ...options, architecture });
  } else if (format === "tarball") {
    const source = Readable.from(tarChunks(tree, payloads, options.signal), { highWaterMark: 2 });
    const steps = /\.(tgz|gz)$/i.test(options.finalPath) ? [createGzip()] : [];
    await pipeline([source, ...steps, createWriteStream(options.path, { flags: "wx", flush: true })], {
      signal: options.signal,
    });
  } else if (script.filesystem !== undefined) await writeFilesystem(script.filesystem, tree, payloads, options);
}

async function writeFilesystem(
  part: FilesystemPart,
  tree: Tree,
  payloads: PayloadSource,
  options: OutputOptions,
): Promise<void> {
  const { path, signal, timeSeconds, onProgress } = options;
  const wantedBytes = part.size_mib === undefined ? undefined : part.size_mib * mebibyte;
  const seed = await contentDigest(tree, payloads, signal);
  const drive = { path, seed, signal, onProgress };
  switch (part.type) {
    case "Ext4": {
      const { bytesPerInode, ...settings } = readExt4Arguments(part.mkfs_args).settings;
      const sizeBytes = wantedBytes ?? requiredBytes(tree);
      const inodes = bytesPerInode === undefined ? {} : { inodeCount: Math.floor(sizeBytes / bytesPerInode) };
      await writeExt4(tree, payloads, { ...drive, sizeBytes, ...inodes, ...settings });
      return;
    }
    case "Xfs":
    case "Btrfs": {
      const filesystem = part.type === "Xfs" ? "xfs" : "btrfs";
      const sizeBytes = wantedBytes ?? requiredDriveBytes(tree, filesystem);
      const { settings } = (part.type === "Xfs" ? readXfsArguments : readBtrfsArguments)(part.mkfs_args);
      await writeDrive(tree, payloads, {
        ...drive,
        filesystem,
        sizeBytes,
        build: options.buildFilesystem,
        mkfs: settings,
      });
      return;
    }
    case "Squashfs": {
      const args = readSquashfsArguments(part.mkfs_args).settings;
      await writeSquashfs(tree, payloads, { path, sizeBytes: wantedBytes, timeSeconds, args, signal });
      return;
    }
    case "Vfat": {
      const args = readVfatArguments(part.mkfs_args).settings;
      const { workDirectory, onWarning: onLoss } = options;
      const { lossy } = part;
      await writeVfat(tree, payloads, {
        path,
        sizeBytes: wantedBytes,
        lossy,
        args,
        seed,
        timeSeconds,
        workDirectory,
        signal,
        onLoss,
      });
    }
  }
}

/** `build/too-small` in the words of a script for what the writer of drives says. */
export function asBuildProblem(error: unknown): unknown {
  if (!(error instanceof Problem) || error.code !== "image/too-big-for-drive") return error;
  return new Problem("build/too-small", { message: error.message, details: error.details, cause: error });
}
