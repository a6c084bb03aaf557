import { createHash } from "node:crypto";
import { chmod, mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "../api/problems.ts";
import { writeFileAtomic } from "../lib/atomic-file.ts";
import { baseDrivesDirectory, imageLockFile, type Paths } from "../store/paths.ts";
import { parseGroup, parsePasswd, readTreeText } from "./accounts.ts";
import type { BaseDrive } from "./base-drive.ts";
import { type BootFinding, checkBootability } from "./bootability.ts";
import { formatImageSource, type ImageSource, parseImageSource } from "./catalogue.ts";
import { chainIdOf } from "./digest.ts";
import { withExclusiveLock } from "./exclusive-lock.ts";
import { type BuildFilesystem, builderVersion, type Filesystem } from "./filesystem-builder.ts";
import { mergeLayers } from "./layers/merge-layers.ts";
import { loadImage, type LoadedImage } from "./load-image.ts";
import { buildLocalImage, localImageDigest } from "./local/local-image.ts";
import { readRecipe } from "./local/recipe.ts";
import { type OnProgress, progressReporter, type Report } from "./progress.ts";
import { type PullOptions, pullLayers, recallRegistryImage, resolveRegistryImage } from "./pull-image.ts";
import type { RegistryClient } from "./registry/registry-client.ts";
import type { Credentials } from "./registry/token.ts";
import { requiredDriveBytes, writeDrive } from "./write-drive.ts";

/** Bumped when the same tree would become another drive: by the writer, the merge rules or the findings. */
const baseVersion = 1;
const gibibyte = 1024 ** 3;
/** Larger drives share this base: the guest grows it, and an image is written once for all sizes. */
const largestOrdinaryBase = 10 * gibibyte;
/** Written last, so that a directory without it is no base drive. */
const driveName = "drive.img";
const sidecarName = "drive.json";

export interface BaseDriveRequest {
  paths: Paths;
  /** "debian-12", another named image, or "oci://host/repository[:tag][@digest]" */
  source: string;
  /** Of the machine's drive. */
  sizeBytes: number;
  /** False: the default was taken, and a larger image makes the base larger. */
  sizeIsExplicit: boolean;
  /** Anything but "ext4" takes a `build`; without one the answer is `image/unsupported-filesystem`. */
  filesystem: Filesystem;
  /** A data drive needs no init. */
  purpose: "root" | "data";
}

export interface EnsureBaseDriveOptions extends BaseDriveRequest {
  /** Makes the filesystems that we cannot write ourselves. */
  build?: BuildFilesystem;
  credentialsFor?: (registry: string) => Promise<Credentials | undefined>;
  onProgress?: OnProgress;
  signal?: AbortSignal;
}

/**
 * Makes sure that the cache holds the image of `source` as a drive, and returns it: pulls or builds the image, checks
 * that it can boot, and writes the filesystem, each only as far as it is missing.
 *
 * Tags are looked up in their registry each time, digests never. One process at a time makes a drive, the others
 * wait for it. When this rejects the cache is as usable as before; verified blobs stay for the next try.
 */
export async function ensureBaseDrive(options: EnsureBaseDriveOptions): Promise<BaseDrive> {
  const source = parseImageSource(options.source);
  const report = progressReporter(options.onProgress);
  const { image, client, findings } = await resolve(source, options, report);
  const keys = keysOf(image, options);
  const drive =
    (await findDrive(image, options, keys)) ??
    (await withExclusiveLock(
      imageLockFile(options.paths, `base-${keys.ordinary}`),
      async () => (await findDrive(image, options, keys)) ?? makeDrive(image, client, options, keys, report),
      { ...signalOf(options), onWait: () => report("wait", `another process prepares ${image.name} already`) },
    ));
  assertUsable(drive, options.purpose);
  return { ...drive, findings: [...findings, ...drive.findings] };
}

/**
 * The same from the cache alone: no network, no waiting. Undefined when something has to be done first, which
 * includes asking the registry about a tag that was looked up more than five minutes ago.
 */
export async function lookupBaseDrive(request: BaseDriveRequest): Promise<BaseDrive | undefined> {
  const source = parseImageSource(request.source);
  const image = await recall(source, request.paths);
  if (image === undefined) return undefined;
  const drive = await findDrive(image, request, keysOf(image, request));
  if (drive !== undefined) assertUsable(drive, request.purpose);
  return drive;
}

interface Resolved {
  image: LoadedImage;
  client: RegistryClient | undefined;
  findings: BootFinding[];
}

async function resolve(source: ImageSource, options: EnsureBaseDriveOptions, report: Report): Promise<Resolved> {
  const { paths } = options;
  if (source.kind === "local") {
    const digest = await buildLocalImage(source.name, {
      paths,
      ...signalOf(options),
      onProgress: ({ step, message, doneBytes, totalBytes }) =>
        report(
          step,
          message,
          doneBytes === undefined ? undefined : { doneBytes, ...(totalBytes ? { totalBytes } : {}) },
        ),
    });
    const image = await loadImage(paths, digest, source.name, undefined);
    if (image === undefined) {
      throw new Problem("image/damaged", {
        message: `the local image "${source.name}" is incomplete`,
        hint: "Remove images/layouts in the Labyard home directory; the image is then built again.",
      });
    }
    return { image, client: undefined, findings: [] };
  }
  const pull = pullOptions(options, report);
  const { image, client, staleSince } = await resolveRegistryImage(source.reference, pull);
  const findings: BootFinding[] = [];
  if (staleSince !== undefined) {
    findings.push({
      code: "image/stale-tag",
      severity: "warning",
      message: `${source.reference.registry} does not answer; using what ${image.name} was on ${staleSince}`,
      path: "/",
      fix: "Start again when the registry can be reached, or pin the image by digest.",
    });
  }
  return { image, client, findings };
}

async function recall(source: ImageSource, paths: Paths): Promise<LoadedImage | undefined> {
  if (source.kind === "registry") return recallRegistryImage(source.reference, paths);
  const digest = await localImageDigest(paths, await readRecipe(source.name));
  return digest === undefined ? undefined : loadImage(paths, digest, source.name, undefined);
}

/** A drive is known by its content and the size it was written at. */
interface Keys {
  /** Of the common size, or the requested one where that is smaller. */
  ordinary: string;
  /** For an image that does not fit there: exactly as large as asked, or as large as it needs. */
  larger: string;
}

function keysOf(image: LoadedImage, request: BaseDriveRequest): Keys {
  const chainId = chainIdOf(image.layers.map(layer => layer.diffId));
  const version = request.filesystem === "ext4" ? baseVersion : `${baseVersion}.${builderVersion}`;
  const keyFor = (size: number | "as needed") =>
    createHash("sha256").update([chainId, request.filesystem, version, size].join("\n")).digest("hex");
  return {
    ordinary: keyFor(ordinarySizeBytes(request)),
    larger: keyFor(request.sizeIsExplicit ? request.sizeBytes : "as needed"),
  };
}

/** Only an ext4 root is grown at boot, so any other drive is written at its full size. */
function ordinarySizeBytes({ purpose, filesystem, sizeBytes }: BaseDriveRequest): number {
  return purpose === "data" || filesystem !== "ext4" ? sizeBytes : Math.min(sizeBytes, largestOrdinaryBase);
}

interface Sidecar extends Omit<BaseDrive, "path" | "imageDigest" | "reference" | "format"> {
  /** Content, metadata and head room. */
  requiredBytes: number;
}

async function findDrive(image: LoadedImage, request: BaseDriveRequest, keys: Keys): Promise<BaseDrive | undefined> {
  for (const key of [keys.ordinary, keys.larger]) {
    const directory = join(baseDrivesDirectory(request.paths), key);
    const text = await readFile(join(directory, sidecarName), "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const { requiredBytes: _, ...sidecar } = JSON.parse(text) as Sidecar;
    return {
      ...sidecar,
      path: join(directory, driveName),
      format: "raw",
      imageDigest: image.digest,
      reference: formatImageSource(parseImageSource(request.source)),
    };
  }
  return undefined;
}

async function makeDrive(
  image: LoadedImage,
  client: RegistryClient | undefined,
  options: EnsureBaseDriveOptions,
  keys: Keys,
  report: Report,
): Promise<BaseDrive> {
  const { paths } = options;
  const layers = await pullLayers(image, client, pullOptions(options, report));
  report("unpack", `merging ${layers.length} layers of ${image.name}`);
  using merged = await mergeLayers(layers, options.signal);
  const { tree, payloads } = merged;
  const boot = checkBootability(tree, payloads);
  const warnings = merged.warnings.map(
    (message): BootFinding => ({ code: "image/layer-warning", severity: "info", message, path: "/", fix: "" }),
  );
  const needed = requiredDriveBytes(tree, options.filesystem);
  const ordinary = ordinarySizeBytes(options);
  const isOrdinary = needed <= ordinary || (options.sizeIsExplicit && options.sizeBytes === ordinary);
  const grown = Math.ceil(needed / gibibyte) * gibibyte;
  // An explicit size is a promise: the writer says so when the image does not fit into it.
  const sizeBytes = isOrdinary ? ordinary : options.sizeIsExplicit ? options.sizeBytes : grown;
  const key = isOrdinary ? keys.ordinary : keys.larger;
  const sidecar: Sidecar = {
    sizeBytes,
    requiredBytes: needed,
    filesystem: options.filesystem,
    users: parsePasswd(readTreeText(tree, payloads, "/etc/passwd") ?? ""),
    groups: parseGroup(readTreeText(tree, payloads, "/etc/group") ?? ""),
    findings: [...boot.findings, ...warnings],
    initKind: boot.initKind,
  };
  // Nothing is written for a machine that could not start.
  assertUsable({ ...sidecar, reference: image.name }, options.purpose);

  const final = join(baseDrivesDirectory(paths), key);
  const partial = `${final}.partial`;
  // We hold the lock: whatever lies there was left by a process that was killed.
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  try {
    report("write", `writing the drive of ${image.name}`);
    await writeDrive(tree, payloads, {
      filesystem: options.filesystem,
      build: options.build,
      path: join(partial, driveName),
      sizeBytes,
      seed: Buffer.from(key, "hex"),
      ...signalOf(options),
      onProgress: (doneBytes, totalBytes) =>
        report("write", `writing the drive of ${image.name}`, { doneBytes, totalBytes }),
    });
    await chmod(join(partial, driveName), 0o444);
    await writeFileAtomic(join(partial, sidecarName), JSON.stringify(sidecar));
    await rename(partial, final);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
  report("write", `the drive of ${image.name} is ready`);
  const drive = await findDrive(image, options, keys);
  if (drive === undefined) throw new Error(`the drive ${key} vanished right after it was made`);
  return drive;
}

function assertUsable(drive: Pick<BaseDrive, "findings" | "reference">, purpose: BaseDriveRequest["purpose"]): void {
  const errors = drive.findings.filter(finding => finding.severity === "error");
  const [first] = errors;
  if (purpose === "data" || first === undefined) return;
  throw new Problem("image/not-bootable", {
    message: `${drive.reference} cannot boot as a machine: ${errors.map(error => error.message).join("; ")}`,
    hint: first.fix,
    details: errors,
  });
}

function pullOptions(options: EnsureBaseDriveOptions, report: Report): PullOptions {
  return { paths: options.paths, report, credentialsFor: options.credentialsFor, ...signalOf(options) };
}

function signalOf(options: { signal?: AbortSignal }): { signal?: AbortSignal } {
  return options.signal === undefined ? {} : { signal: options.signal };
}
