import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../src/host/process.ts";
import type { BaseDrive } from "../src/images/base-drive.ts";
import { lookupBaseDrive } from "../src/images/ensure-base-drive.ts";
import { resolvePaths } from "../src/store/paths.ts";
import { startRegistry, type TestRegistry } from "../test/fixtures/registry.ts";
import { median } from "./figures.ts";
import { readBaseLayers, type Sample, sampleMakers } from "./image-samples.ts";
import { warmMemory } from "./warm-memory.ts";
import { writeResults } from "./write-results.ts";

const floorProgram = fileURLToPath(new URL("./image-floor.ts", import.meta.url));
const plainFloorProgram = fileURLToPath(new URL("./image-plain-floor.ts", import.meta.url));
const convertProgram = fileURLToPath(new URL("./image-convert.ts", import.meta.url));
const timeoutMs = 600_000;
const driveBytes = 10 * 1024 ** 3;

/** bin/labyard keeps compiled sources too: threads begin their work sooner. */
const likeLabyard = {
  ...process.env,
  NODE_COMPILE_CACHE: fileURLToPath(new URL("../node_modules/.cache/node", import.meta.url)),
};

interface Result {
  sample: string;
  contentMiB: number;
  layers: number;
  convertMs: number[];
  floorMs: number[];
  plainFloorMs: number[];
  /** undefined: not measured, see `peerSkipped` */
  peerMs: number | undefined;
  peakRssMiB: number;
  overlayMs: number[];
}

/**
 * How long an image takes from a registry on this host to a finished drive, against inflating and hashing the same
 * blobs (as fast as a program in Node can, and as plainly) and against the tools people use for it, all in one run and
 * in turns.
 */
export async function imagesBenchmark(runs: number, signal: AbortSignal): Promise<void> {
  const peerSkipped = process.getuid?.() === 0 ? undefined : "umoci can only keep owners as root";
  if (peerSkipped !== undefined) console.error(`the peer pipeline is left out: ${peerSkipped}`);
  const base = await readBaseLayers(resolvePaths(process.env, process.getuid?.() ?? 0));
  const scratch = await mkdtemp(join(tmpdir(), "labyard-bench-images-"));
  try {
    await using registry = await startRegistry();
    const results: Result[] = [];
    for (const [index, make] of sampleMakers.entries()) {
      signal.throwIfAborted();
      const sample = make(base);
      const repository = `bench/sample-${index}`;
      await registry.push(repository, "v1", sample.image);
      const result = await measure(sample, registry, repository, scratch, {
        runs,
        peer: peerSkipped === undefined,
        signal,
      });
      console.error(`${sample.name}: done`);
      results.push(result);
    }
    await report(results, peerSkipped);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function measure(
  sample: Sample,
  registry: TestRegistry,
  repository: string,
  scratch: string,
  options: { runs: number; peer: boolean; signal: AbortSignal },
): Promise<Result> {
  const { runs, signal } = options;
  const source = `oci://${registry.host}/${repository}:v1`;
  const blobs = await writeBlobs(sample, join(scratch, "blobs"));
  const result: Result = {
    sample: sample.name,
    contentMiB: sample.contentBytes / 2 ** 20,
    layers: sample.image.layers.length,
    convertMs: [],
    floorMs: [],
    plainFloorMs: [],
    peerMs: undefined,
    peakRssMiB: 0,
    overlayMs: [],
  };
  // Blob, unpacked layer and drive, for ours; the peers have as many copies and more.
  const warm = () => warmMemory(scratch, 4 * sample.contentBytes);
  for (let count = 0; count < runs; count++) {
    await warm();
    const floor = await runProgram<{ elapsedMs: number }>(floorProgram, blobs, signal);
    result.floorMs.push(floor.elapsedMs);
    await warm();
    const plain = await runProgram<{ elapsedMs: number }>(plainFloorProgram, blobs, signal);
    result.plainFloorMs.push(plain.elapsedMs);
    const home = join(scratch, "home");
    await warm();
    const made = await runProgram<{ elapsedMs: number; peakRssKiB: number }>(convertProgram, [home, source], signal);
    result.convertMs.push(made.elapsedMs);
    result.peakRssMiB = Math.max(result.peakRssMiB, made.peakRssKiB / 1024);
    result.overlayMs.push(await overlayFromCache(home, source));
    await rm(home, { recursive: true });
  }
  if (options.peer) {
    await warm();
    result.peerMs = await peerPipeline(source, join(scratch, "peer"), signal);
  }
  await rm(join(scratch, "blobs"), { recursive: true });
  return result;
}

async function writeBlobs(sample: Sample, directory: string): Promise<string[]> {
  await mkdir(directory);
  return Promise.all(
    sample.image.layers.map(async (layer, index) => {
      const path = join(directory, String(index));
      await writeFile(path, sample.image.blobs.get(layer.digest) as Buffer);
      return path;
    }),
  );
}

async function runProgram<T>(program: string, args: readonly string[], signal: AbortSignal): Promise<T> {
  const { stdout } = await run([process.execPath, program, ...args], { timeoutMs, signal, env: likeLabyard });
  return JSON.parse(stdout) as T;
}

/** What a start does with an image that is known: find its drive and put an overlay on it. */
async function overlayFromCache(home: string, source: string): Promise<number> {
  const startedAt = performance.now();
  const drive = (await lookupBaseDrive({
    paths: { home, runtime: home },
    source,
    sizeBytes: driveBytes,
    sizeIsExplicit: false,
    filesystem: "ext4",
    purpose: "root",
  })) as BaseDrive;
  const overlay = join(home, "overlay.qcow2");
  await run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", drive.path, overlay]);
  return performance.now() - startedAt;
}

async function peerPipeline(source: string, directory: string, signal: AbortSignal): Promise<number> {
  await mkdir(directory);
  const layout = join(directory, "layout");
  const bundle = join(directory, "bundle");
  const drive = join(directory, "drive.img");
  const startedAt = performance.now();
  const docker = source.replace("oci://", "docker://");
  await run(["skopeo", "copy", "-q", "--src-tls-verify=false", docker, `oci:${layout}:v1`], { timeoutMs, signal });
  await run(["umoci", "unpack", "--image", `${layout}:v1`, bundle], { timeoutMs, signal });
  await run(["mke2fs", "-q", "-t", "ext4", "-d", join(bundle, "rootfs"), drive, "10G"], { timeoutMs, signal });
  const elapsedMs = performance.now() - startedAt;
  await rm(directory, { recursive: true });
  return elapsedMs;
}

async function report(results: readonly Result[], peerSkipped: string | undefined): Promise<void> {
  const header = [
    "image",
    "MiB",
    "layers",
    "pull+drive s",
    "floor s",
    "x floor",
    "plain s",
    "x plain",
    "peers s",
    "x faster",
    "RSS MiB",
    "overlay ms",
  ];
  const rows = results.map(result => {
    const convert = median(result.convertMs);
    const floor = median(result.floorMs);
    const plain = median(result.plainFloorMs);
    const { peerMs } = result;
    return [
      result.sample,
      result.contentMiB.toFixed(0),
      String(result.layers),
      (convert / 1000).toFixed(2),
      (floor / 1000).toFixed(2),
      (convert / floor).toFixed(2),
      (plain / 1000).toFixed(2),
      (convert / plain).toFixed(2),
      peerMs === undefined ? "-" : (peerMs / 1000).toFixed(2),
      peerMs === undefined ? "-" : (peerMs / convert).toFixed(1),
      result.peakRssMiB.toFixed(0),
      median(result.overlayMs).toFixed(0),
    ];
  });
  console.log(`\nImage to drive, ${cpus().length} × ${cpus()[0]?.model ?? "?"}, medians\n`);
  const widths = header.map((name, column) =>
    Math.max(name.length, ...rows.map(row => (row[column] as string).length)),
  );
  for (const row of [header, ...rows]) {
    console.log(
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number),
        )
        .join("  "),
    );
  }
  console.log(
    "\nAims: at most 1.5 × the floor, at least 4 × faster than the peers (skopeo copy, umoci unpack, mke2fs -d).\n" +
      "Floor: the same blobs inflated and hashed on all cores through large buffers; plain: by gunzipSync, one by one.",
  );
  if (peerSkipped !== undefined) console.log(`Peers were not measured: ${peerSkipped}.`);
  await writeResults("images", results);
}
