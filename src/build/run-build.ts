import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Problem } from "../api/problems.ts";
import { freeSpaceBytes } from "../host/free-space.ts";
import type { BuildFilesystem } from "../images/filesystem-builder.ts";
import { mergeLayers } from "../images/layers/merge-layers.ts";
import { Scope } from "../lib/scope.ts";
import type { Paths } from "../store/paths.ts";
import { assembleTree } from "./assemble-tree.ts";
import type { OnBuildEvent } from "./build-event.ts";
import { prepareMounts } from "./build-mounts.ts";
import { type BuildWork, openBuildWork, sweepContainers } from "./build-work.ts";
import { checkOutputPath, checkPackage, usableScript } from "./check-build.ts";
import { checkSpaceForContainer, checkSpaceForOutput, checkSpaceForPackage, type FreeBytes } from "./disk-space.ts";
import { connectEngine } from "./engine/connect.ts";
import type { Engine, EngineImage, ImageName } from "./engine/engine.ts";
import { openPackage, type BuildPackage } from "./package/open-package.ts";
import { asBuildProblem, writeOutput } from "./output/write-output.ts";
import { runCommands } from "./run-commands.ts";
import { hasErrors, type ScriptFinding } from "./script/finding.ts";
import type { BuildScript, ContainerPart } from "./script/schema.ts";

/** For images that do not tell when they were made. */
const fallbackTimeSeconds = Date.UTC(2020, 0, 1) / 1000;
const removalTimeoutMs = 60_000;
const creationTimeoutMs = 120_000;
const stopTimeoutSeconds = 10;

export interface BuildContext {
  paths: Paths;
  env: NodeJS.ProcessEnv;
  uid: number;
  /** Volumes may name paths of this host; never set for a script that somebody else sent. */
  allowHostVolumes: boolean;
  signal: AbortSignal;
}

/** What can be said about a package without running it. */
export interface DryRun {
  scriptFile: string;
  findings: ScriptFinding[];
}

/**
 * Checks a package and that its engine answers; nothing is pulled or started. Rejects when the package cannot be
 * read; what is wrong with the script, and an engine that is not there, is in the findings.
 */
export async function dryRun(packagePath: string, context: BuildContext): Promise<DryRun> {
  await using work = await openBuildWork(context.paths);
  using opened = await openPackage(packagePath, { workDirectory: work.directory, signal: context.signal });
  const findings = checkPackage(opened, context);
  const result = { scriptFile: opened.scriptFile, findings };
  const { script, positionOf } = opened.parsed;
  if (script !== undefined && !hasErrors(findings)) {
    await connectEngine(script.container, context, context.signal).catch((error: unknown) => {
      if (!(error instanceof Problem) || !isOfEngine(error.code)) throw error;
      const { code, message, hint } = error;
      const place = { path: "container", ...positionOf(["container", "connection_uri"]) };
      findings.push({ severity: "error", code, message, ...(hint === undefined ? {} : { hint }), ...place });
    });
  }
  return result;
}

function isOfEngine(code: string): code is "build/engine-unreachable" | "build/engine-failed" {
  return code === "build/engine-unreachable" || code === "build/engine-failed";
}

export interface RunBuildOptions extends BuildContext {
  packagePath: string;
  output: string;
  /** Needed for Xfs and Btrfs. */
  buildFilesystem?: BuildFilesystem;
  busybox?: string;
  /** Default: asks the kernel. */
  freeBytes?: FreeBytes;
  onEvent: OnBuildEvent;
  /** Called once, before anything is pulled or started. */
  onFindings?: (dryRun: DryRun) => void;
}

/**
 * Runs a build script: pulls its image, executes its commands in a container, and makes the output of what it
 * exports and lays over it.
 *
 * The output appears by rename when it is complete. On every other path, cancellation included, the container, the
 * work directory and the unfinished output are gone when this rejects; what a killed process leaves, the next build
 * removes.
 */
export async function runBuild(options: RunBuildOptions): Promise<void> {
  const { signal, onEvent, paths } = options;
  await using work = await openBuildWork(paths);
  onEvent({ kind: "step", message: "Preparing package" });
  using opened = await openPackage(options.packagePath, { workDirectory: work.directory, signal });
  const findings = checkPackage(opened, options);
  options.onFindings?.({ scriptFile: opened.scriptFile, findings });
  const script = usableScript(opened, findings);
  const output = await checkOutputPath(options.output, opened, script);
  const places = { output, workDirectory: work.directory, freeBytes: options.freeBytes ?? freeSpaceBytes };
  await checkSpaceForPackage(script, opened, places);
  onEvent({ kind: "step", message: "Connecting to container engine" });
  const engine = await connectEngine(script.container, options, signal);
  const swept = await sweepContainers(paths, engine, signal);
  if (swept > 0) onEvent({ kind: "detail", message: `Removed ${swept} containers of builds that were killed` });
  const image = await ensureImage(engine, script.container, options);
  await checkSpaceForContainer(image, places);
  const latestSeconds = image.createdSeconds ?? fallbackTimeSeconds;
  const exported = join(work.directory, "container.tar");
  await exportContainer(engine, script, opened, work, exported, options);

  onEvent({ kind: "step", message: "Applying overlays" });
  using container = await mergeLayers([{ path: exported, label: "the exported container" }], signal);
  for (const message of container.warnings) onEvent({ kind: "warning", message });
  const { tree, payloads } = assembleTree(script, opened, container, { latestSeconds, onEvent });
  onEvent({ kind: "step", message: `Creating ${script.output?.format ?? "image"} ${options.output}` });
  await checkSpaceForOutput(script, tree, places);
  const partial = `${output}.${work.id}.partial`;
  try {
    await writeOutput(script, tree, payloads, {
      path: partial,
      finalPath: output,
      timeSeconds: latestSeconds,
      workDirectory: work.directory,
      buildFilesystem: options.buildFilesystem,
      signal,
      onProgress: (done, total) => {
        const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
        onEvent({ kind: "detail", message: `Writing: ${percent} %` });
      },
      onWarning: message => onEvent({ kind: "warning", message }),
    });
    signal.throwIfAborted();
    await rename(partial, output);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw asBuildProblem(error);
  }
  onEvent({ kind: "step", message: `Finished ${options.output}` });
}

function imageNameOf({ image }: ContainerPart): ImageName {
  const reference = image.digest === undefined ? `${image.name}:${image.tag}` : `${image.name}@${image.digest}`;
  return { reference, platform: image.platform };
}

async function ensureImage(engine: Engine, part: ContainerPart, options: RunBuildOptions): Promise<EngineImage> {
  const { signal, onEvent } = options;
  const name = imageNameOf(part);
  const known = part.pull === "always" ? undefined : await engine.findImage(name, signal);
  if (known !== undefined) {
    onEvent({ kind: "step", message: `Using image ${name.reference}, which the engine has` });
    return known;
  }
  if (part.pull === "never") {
    throw new Problem("build/pull-failed", {
      message: `${name.reference} is not there, and the script says pull = "never"`,
    });
  }
  onEvent({ kind: "step", message: `Pulling image ${name.reference}` });
  await engine.pull(name, message => onEvent({ kind: "detail", message }), signal);
  const pulled = await engine.findImage(name, signal);
  if (pulled !== undefined) return pulled;
  const platform = name.platform === undefined ? "" : ` for ${name.platform}`;
  throw new Problem("build/pull-failed", {
    message: `${name.reference} was pulled, but ${engine.name} does not have it${platform}`,
  });
}

/** Runs the commands in a container and spools its root filesystem into a file; the container is gone afterwards. */
async function exportContainer(
  engine: Engine,
  script: BuildScript,
  opened: BuildPackage,
  work: BuildWork,
  exported: string,
  options: RunBuildOptions,
): Promise<void> {
  const { signal, onEvent } = options;
  const { container } = script;
  const { mounts, waitArgv, scriptOf } = await prepareMounts(script, opened, work.directory, {
    busybox: options.busybox ?? "/usr/bin/busybox",
    allowHostVolumes: options.allowHostVolumes,
    onWarning: message => onEvent({ kind: "warning", message }),
  });
  await using scope = new Scope(`build ${work.id}`);
  onEvent({ kind: "step", message: "Starting container" });
  const containerId = await scope.acquire(
    "the container",
    () =>
      engine.create(
        {
          image: imageNameOf(container),
          argv: waitArgv,
          env: container.env,
          labels: work.labels,
          mounts,
          privileged: container.rootful,
          hostname: container.hostname,
          ociRuntime: container.oci_runtime,
          capAdd: container.cap_add,
          capDrop: container.cap_drop,
          timeoutSeconds: container.timeout,
        },
        // A cancelled request could still make a container whose id nobody knows.
        AbortSignal.timeout(creationTimeoutMs),
      ),
    // Not with the build's signal: this has to happen also when that has fired.
    id => engine.remove(id, AbortSignal.timeout(removalTimeoutMs)),
  );
  await engine.start(containerId, signal);
  await runCommands(engine, containerId, script, { opened, scriptOf, signal, onEvent });
  onEvent({ kind: "step", message: "Exporting container" });
  // Stopped first: what a command left running could change files while they are read.
  await engine.stop(containerId, container.wait_timeout_s ?? stopTimeoutSeconds, signal);
  const stream = await engine.export(containerId, signal);
  await pipeline(stream, createWriteStream(exported, { flags: "wx" }), { signal });
}
