import { chmod, mkdir, readFile, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pack } from "tar-stream";
import * as z from "zod";
import { writeFileAtomic } from "../../lib/atomic-file.ts";
import { imageLockFile, layoutsDirectory, type Paths } from "../../store/paths.ts";
import { blobSize, storeBlob, storeUnnamedBlob } from "../blobs.ts";
import { type Digest, digestOf, isDigest } from "../digest.ts";
import { withExclusiveLock } from "../exclusive-lock.ts";
import { type OnProgress, progressReporter, type Report } from "../progress.ts";
import { bootstrap, removeWorkDirectory } from "./mmdebstrap.ts";
import { readRecipe, type Recipe } from "./recipe.ts";

const layerType = "application/vnd.oci.image.layer.v1.tar";
const configType = "application/vnd.oci.image.config.v1+json";
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const recipeAnnotation = "labyard.recipe.digest";

const indexSchema = z.object({
  manifests: z
    .array(
      z.object({
        digest: z.custom<Digest>(isDigest),
        size: z.int(),
        annotations: z.record(z.string(), z.string()).default({}),
      }),
    )
    .length(1),
});

export interface LocalImageOptions {
  paths: Paths;
  /** Where the recipes are; default: those of this installation. */
  recipesDirectory?: string;
  onProgress?: OnProgress;
  signal?: AbortSignal;
}

/**
 * Builds one of our own images from distribution packages, unless the store has it from the same recipe already, and
 * returns the digest of its manifest. Afterwards images/layouts/<name> is an OCI layout over the common blob store.
 * One process builds at a time; a failed or killed build leaves the previous image as it was.
 */
export async function buildLocalImage(name: string, options: LocalImageOptions): Promise<Digest> {
  return buildRecipe(await readRecipe(name, options.recipesDirectory), options);
}

/** See `buildLocalImage`; the recipe may come from elsewhere than images/. */
export async function buildRecipe(recipe: Recipe, options: LocalImageOptions): Promise<Digest> {
  const report = progressReporter(options.onProgress);
  const { name } = recipe;
  const stored = await localImageDigest(options.paths, recipe);
  if (stored !== undefined) return stored;
  return withExclusiveLock(
    imageLockFile(options.paths, `build-${name}`),
    async () => (await localImageDigest(options.paths, recipe)) ?? build(recipe, options, report),
    {
      ...(options.signal ? { signal: options.signal } : {}),
      onWait: () => report("wait", `another process builds ${name} already`),
    },
  );
}

/** The stored image of this very recipe, or undefined. Needs no lock and no network. */
export async function localImageDigest(paths: Paths, recipe: Recipe): Promise<Digest | undefined> {
  const path = join(layoutsDirectory(paths), recipe.name, "index.json");
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const [image] = indexSchema.parse(JSON.parse(text)).manifests;
  if (image === undefined || image.annotations[recipeAnnotation] !== recipe.digest) return undefined;
  return (await blobSize(paths, image.digest)) === undefined ? undefined : image.digest;
}

async function build(recipe: Recipe, options: LocalImageOptions, report: Report): Promise<Digest> {
  const { paths, signal } = options;
  report("build", `building ${recipe.name}: ${recipe.packages.length} packages of ${recipe.suite} and what they need`);
  const packages = await bootstrapLayer(recipe, options, report);
  signal?.throwIfAborted();
  const files = await storeUnnamedBlob(paths, `files-${recipe.name}`, async sink => {
    for await (const chunk of filesArchive(recipe)) await sink.write(chunk as Buffer);
  });
  const layers = [packages, files].map(({ digest, sizeBytes }) => ({ mediaType: layerType, digest, size: sizeBytes }));
  const created = new Date(recipe.sourceDateEpoch * 1000).toISOString();
  const config = await storeJson(paths, {
    created,
    architecture: "amd64",
    os: "linux",
    config: { Cmd: ["/sbin/init"], Labels: { "org.opencontainers.image.title": recipe.title } },
    rootfs: { type: "layers", diff_ids: layers.map(layer => layer.digest) },
    history: ["packages", "files"].map(part => ({ created, created_by: `labyard recipe ${recipe.name}: ${part}` })),
  });
  const manifest = await storeJson(paths, {
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: configType, ...config },
    layers,
  });
  await publish(paths, recipe, manifest);
  const megabytes = Math.round((packages.sizeBytes + files.sizeBytes) / 1e6);
  report("build", `built ${recipe.name}: ${megabytes} MB, ${manifest.digest}`);
  return manifest.digest;
}

async function bootstrapLayer(recipe: Recipe, options: LocalImageOptions, report: Report) {
  const isRoot = process.getuid?.() === 0;
  // Users of the namespace must be able to reach it, which they cannot in a private home. One name per home and
  // recipe: the lock makes it ours, so what a killed build left there is removed by the next one.
  const workDirectory = isRoot
    ? join(options.paths.home, "images", "build", recipe.name)
    : join(tmpdir(), `labyard-${process.getuid?.()}-${digestOf(options.paths.home).slice(7, 15)}-${recipe.name}`);
  await removeWorkDirectory(workDirectory, isRoot);
  await mkdir(workDirectory, { recursive: true });
  await chmod(workDirectory, 0o755);
  let doneBytes = 0;
  try {
    return await storeUnnamedBlob(options.paths, `packages-${recipe.name}`, sink =>
      bootstrap(
        recipe,
        {
          async write(chunk) {
            doneBytes += chunk.length;
            report("build", "storing the new root filesystem", { doneBytes });
            await sink.write(chunk);
          },
        },
        {
          workDirectory,
          isRoot,
          onLine: line => {
            // Of all it says only the steps are news to people; the script among them would be a screenful.
            const step = /^I: ((?:running|downloading|extracting|installing|cleaning|creating) .*)/.exec(line)?.[1];
            if (step !== undefined)
              report("build", step.replace(/^running --customize-hook.*/, "configuring the system"));
          },
          ...(options.signal ? { signal: options.signal } : {}),
        },
      ),
    );
  } finally {
    await removeWorkDirectory(workDirectory, isRoot);
  }
}

function filesArchive(recipe: Recipe): Readable {
  const archive = pack();
  for (const { path, content, executable } of recipe.files) {
    archive.entry(
      { name: path, mode: executable ? 0o755 : 0o644, uid: 0, gid: 0, mtime: new Date(recipe.sourceDateEpoch * 1000) },
      content,
    );
  }
  archive.finalize();
  return Readable.from(archive);
}

async function storeJson(paths: Paths, value: unknown): Promise<{ digest: Digest; size: number }> {
  const bytes = Buffer.from(JSON.stringify(value));
  const digest = digestOf(bytes);
  await storeBlob(paths, digest, bytes, "a document of a local image");
  return { digest, size: bytes.length };
}

/** The index comes last: it is what makes the image exist. */
async function publish(paths: Paths, recipe: Recipe, manifest: { digest: Digest; size: number }): Promise<void> {
  const layout = join(layoutsDirectory(paths), recipe.name);
  await mkdir(layout, { recursive: true });
  await symlink("../../blobs", join(layout, "blobs")).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  await writeFileAtomic(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  const index = {
    schemaVersion: 2,
    manifests: [
      {
        mediaType: manifestType,
        ...manifest,
        platform: { os: "linux", architecture: "amd64" },
        annotations: { "org.opencontainers.image.ref.name": "latest", [recipeAnnotation]: recipe.digest },
      },
    ],
  };
  await writeFileAtomic(join(layout, "index.json"), JSON.stringify(index));
}
