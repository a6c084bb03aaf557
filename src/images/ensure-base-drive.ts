import { createHash } from "node:crypto";
import { chmod, mkdir, readFile, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { Problem } from "../api/problems.ts";
import { writeFileAtomic } from "../lib/atomic-file.ts";
import { baseDriveFile, baseDriveRecordFile, baseDrivesDirectory, imageLockFile, type Paths } from "../store/paths.ts";
import { readAccounts } from "./accounts.ts";
import type { BaseDrive } from "./base-drive.ts";
import { driveVersion } from "./base-version.ts";
import type { BlobSource } from "./blob-source.ts";
import { type BootFinding, checkBootability } from "./bootability.ts";
import { checkSpace } from "./bootability/space.ts";
import { formatImageSource, type ImageSource, parseImageSource } from "./catalogue.ts";
import { measureTree } from "./ext4/space.ts";
import { whileUsingCache } from "./cache-use.ts";
import { chainIdOf, type Digest } from "./digest.ts";
import { withExclusiveLock } from "./exclusive-lock.ts";
import type { BuildFilesystem, Filesystem } from "./filesystem-builder.ts";
import { DecoderPool } from "./layers/decoder-pool.ts";
import { mergeLayers } from "./layers/merge-layers.ts";
import type { LoadedImage } from "./load-image.ts";
import { type OnProgress, progressReporter, type Report } from "./progress.ts";
import { pullLayers } from "./pull-image.ts";
import type { RegistryAccess } from "./registry/access.ts";
import { dockerHub } from "./registry/reference.ts";
import { recallImage, resolveImage } from "./resolve-image.ts";
import { rememberVerdict } from "./verdict.ts";
import { requiredDriveBytes, writeDrive } from "./write-drive.ts";

const gibibyte = 1024 ** 3;
/** Larger drives share this base: the guest grows it, and an image is written once for all sizes. */
const largestOrdinaryBase = 10 * gibibyte;

export interface BaseDriveRequest {
  paths: Paths;
  /** "debian-12", another named image, "oci://host/repository[:tag][@digest]", or what a command made of its argument */
  source: string | ImageSource;
  /** Of the machine's drive. */
  sizeBytes: number;
  /** False: the default was taken, and a larger image makes the base larger. */
  sizeIsExplicit: boolean;
  /** Anything but "ext4" takes a `build`; without one the answer is `image/unsupported-filesystem`. */
  filesystem: Filesystem;
  /** A data drive needs no init. */
  purpose: "root" | "data";
  /** Another drive of the same content with a UUID of its own, for a machine that has several. Default 0. */
  copy?: number;
}

export interface EnsureBaseDriveOptions extends BaseDriveRequest {
  /** Makes the filesystems that we cannot write ourselves. */
  build?: BuildFilesystem;
  /** Default: no credentials, no mirrors, no exceptions. */
  registries?: RegistryAccess;
  /** Where container engines say how to reach them. */
  env?: NodeJS.ProcessEnv;
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
  const report = progressReporter(options.onProgress);
  assertHubAllowed(options);
  return whileUsingCache(options.paths, () => ensureDrive(options, report), {
    signal: options.signal,
    onWait: () => report("wait", "the image cache is being tidied up"),
  });
}

async function ensureDrive(options: EnsureBaseDriveOptions, report: Report): Promise<BaseDrive> {
  await using decoders = new DecoderPool();
  // A thread takes as long to start as a registry to answer.
  const onUnknown = () => decoders.prepare();
  await using resolved = await resolveImage(sourceOf(options), { ...options, report, onUnknown });
  const { image, blobs, findings } = resolved;
  const keys = keysOf(image, options);
  const drive =
    (await findDrive(image, options, keys)) ??
    (await withExclusiveLock(
      imageLockFile(options.paths, `base-${keys.ordinary}`),
      async () =>
        (await findDrive(image, options, keys)) ?? makeDrive(image, blobs, { ...options, decoders }, keys, report),
      { ...signalOf(options), onWait: () => report("wait", `another process prepares ${image.name} already`) },
    ));
  assertUsable(drive, options.purpose);
  return { ...drive, findings: [...findings, ...drive.findings] };
}

/**
 * The same from the cache alone: no network. Undefined when something has to be done first, which includes asking the
 * registry about a tag that was looked up more than five minutes ago.
 */
export async function lookupBaseDrive(request: BaseDriveRequest): Promise<BaseDrive | undefined> {
  return whileUsingCache(request.paths, async () => {
    const image = await recallImage(sourceOf(request), request.paths);
    if (image === undefined) return undefined;
    const drive = await findDrive(image, request, keysOf(image, request));
    if (drive !== undefined) assertUsable(drive, request.purpose);
    return drive;
  });
}

function sourceOf({ source }: Pick<BaseDriveRequest, "source">): ImageSource {
  return typeof source === "string" ? parseImageSource(source) : source;
}

/** Manifests name other registries; commands, which bring a parsed source, may name any. */
function assertHubAllowed(options: EnsureBaseDriveOptions): void {
  if (typeof options.source !== "string" || options.registries?.allowsHubDrives === true) return;
  const source = parseImageSource(options.source);
  if (source.kind !== "registry" || source.reference.registry !== dockerHub) return;
  throw new Problem("image/hub-not-allowed", {
    message: `${options.source} is an image of Docker Hub, which this host does not take drives from`,
  });
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
  const version = driveVersion(request.filesystem);
  const copy = request.copy ? [`copy ${request.copy}`] : [];
  const keyFor = (size: number | "as needed") =>
    createHash("sha256")
      .update([chainId, request.filesystem, version, size, ...copy].join("\n"))
      .digest("hex");
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
  /** Which layers it holds: how `image prune` knows whether a name still leads to it. */
  chainId: Digest;
  /** What wrote it: `image prune` removes those that nobody will look for again. */
  version: string;
  /** Content, metadata and head room. */
  requiredBytes: number;
}

async function findDrive(image: LoadedImage, request: BaseDriveRequest, keys: Keys): Promise<BaseDrive | undefined> {
  for (const key of [keys.ordinary, keys.larger]) {
    const text = await readFile(baseDriveRecordFile(request.paths, key), "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const { requiredBytes, chainId: _chainId, version: _version, ...sidecar } = JSON.parse(text) as Sidecar;
    const driveBytes = Math.max(request.sizeBytes, sidecar.sizeBytes);
    return {
      ...sidecar,
      findings: [...sidecar.findings, ...checkSpace(requiredBytes, driveBytes)],
      path: baseDriveFile(request.paths, key),
      format: "raw",
      imageDigest: image.digest,
      reference: formatImageSource(sourceOf(request)),
    };
  }
  return undefined;
}

async function makeDrive(
  image: LoadedImage,
  blobs: BlobSource | undefined,
  options: EnsureBaseDriveOptions & { decoders: DecoderPool },
  keys: Keys,
  report: Report,
): Promise<BaseDrive> {
  const { paths } = options;
  const layers = await pullLayers(image, blobs, { ...options, report, isMergedNext: true });
  report("unpack", `merging the layers of ${image.name}`);
  using merged = await mergeLayers(layers, options.signal);
  const { tree, payloads } = merged;
  const boot = checkBootability(tree, payloads);
  const accounts = readAccounts(tree, payloads);
  await rememberVerdict(paths, image, boot, accounts);
  const warnings = merged.warnings.map(
    (message): BootFinding => ({ code: "image/layer-warning", severity: "info", message, path: "/", fix: "" }),
  );
  const measured = measureTree(tree);
  const needed = requiredDriveBytes(tree, options.filesystem, measured);
  const ordinary = ordinarySizeBytes(options);
  const isOrdinary = needed <= ordinary || (options.sizeIsExplicit && options.sizeBytes === ordinary);
  const grown = Math.ceil(needed / gibibyte) * gibibyte;
  // An explicit size is a promise: the writer says so when the image does not fit into it.
  const sizeBytes = isOrdinary ? ordinary : options.sizeIsExplicit ? options.sizeBytes : grown;
  const key = isOrdinary ? keys.ordinary : keys.larger;
  const sidecar: Sidecar = {
    chainId: chainIdOf(image.layers.map(layer => layer.diffId)),
    sizeBytes,
    version: driveVersion(options.filesystem),
    requiredBytes: needed,
    filesystem: options.filesystem,
    ...accounts,
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
      path: join(partial, basename(baseDriveFile(paths, key))),
      sizeBytes,
      seed: Buffer.from(key, "hex"),
      measured,
      ...signalOf(options),
      onProgress: (doneBytes, totalBytes) =>
        report("write", `writing the drive of ${image.name}`, { doneBytes, totalBytes }),
    });
    await chmod(join(partial, basename(baseDriveFile(paths, key))), 0o444);
    await writeFileAtomic(join(partial, basename(baseDriveRecordFile(paths, key))), JSON.stringify(sidecar));
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

function signalOf(options: { signal?: AbortSignal }): { signal?: AbortSignal } {
  return options.signal === undefined ? {} : { signal: options.signal };
}
