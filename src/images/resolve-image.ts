import { Problem } from "../api/problems.ts";
import type { Paths } from "../store/paths.ts";
import { type BlobSource, documentsOf } from "./blob-source.ts";
import type { BootFinding } from "./bootability.ts";
import { formatImageSource, type ImageSource } from "./catalogue.ts";
import { rememberImage, touchImage } from "./image-records.ts";
import { loadImage, type LoadedImage } from "./load-image.ts";
import { buildLocalImage, localImageDigest } from "./local/local-image.ts";
import { readRecipe } from "./local/recipe.ts";
import type { Report } from "./progress.ts";
import { recallRegistryImage, resolveRegistryImage } from "./pull-image.ts";
import type { RegistryAccess } from "./registry/access.ts";
import { openHostSource } from "./sources/open-source.ts";

export interface ResolveOptions {
  paths: Paths;
  report: Report;
  /** Default: no credentials, no mirrors, no exceptions. */
  registries?: RegistryAccess | undefined;
  signal?: AbortSignal | undefined;
  /** Ask the registry also about what was built here under its name. */
  refresh?: boolean | undefined;
  /** Where container engines say how to reach them. */
  env?: NodeJS.ProcessEnv | undefined;
  /** Called, maybe more than once, when the image is not known here, so that its layers will have to be decoded. */
  onUnknown?: (() => void) | undefined;
}

/** An image whose documents are stored. Dispose of it when its layers are stored too. */
export interface ResolvedImage extends AsyncDisposable {
  image: LoadedImage;
  /** undefined: all layers are in the store already */
  blobs: BlobSource | undefined;
  findings: BootFinding[];
}

/** Finds out what a source means now, and stores the documents of its image; a local image is built for that. */
export async function resolveImage(source: ImageSource, options: ResolveOptions): Promise<ResolvedImage> {
  switch (source.kind) {
    case "local":
      return resolveLocal(source.name, options);
    case "registry":
      return resolveRegistry(source.reference.registry, await resolveRegistryImage(source.reference, options));
    default: {
      await using opening = new AsyncDisposableStack();
      const opened = opening.use(await openHostSource(source, { ...options, env: options.env ?? {} }));
      const name = formatImageSource(source);
      const image = await loadImage(options.paths, opened.digest, name, documentsOf(opened.blobs, options.onUnknown));
      if (image === undefined) throw new Error("an image with a source cannot be missing");
      await rememberImage(options.paths, { name, digest: image.digest, origin: "import" });
      const owned = opening.move();
      return { image, blobs: opened.blobs, findings: [], [Symbol.asyncDispose]: () => owned.disposeAsync() };
    }
  }
}

/** The same from the cache alone, without any network; undefined when that is not enough. */
export async function recallImage(
  source: ImageSource,
  paths: Paths,
  options: { anyAge?: boolean } = {},
): Promise<LoadedImage | undefined> {
  if (source.kind === "registry") return recallRegistryImage(source.reference, paths, options);
  // What lies in files may have changed since.
  if (source.kind !== "local") return undefined;
  const digest = await localImageDigest(paths, await readRecipe(source.name));
  if (digest === undefined) return undefined;
  if (options.anyAge !== true) await touchImage(paths, source.name);
  return loadImage(paths, digest, source.name, undefined);
}

async function resolveLocal(name: string, { paths, report, signal }: ResolveOptions): Promise<ResolvedImage> {
  const digest = await buildLocalImage(name, {
    paths,
    ...(signal ? { signal } : {}),
    onProgress: ({ step, message, doneBytes, totalBytes }) =>
      report(step, message, doneBytes === undefined ? undefined : { doneBytes, ...(totalBytes ? { totalBytes } : {}) }),
  });
  const image = await loadImage(paths, digest, name, undefined);
  if (image === undefined) {
    throw new Problem("image/damaged", {
      message: `the local image "${name}" is incomplete`,
      hint: "Remove images/layouts in the Labyard home directory; the image is then built again.",
    });
  }
  await rememberImage(paths, { name, digest, origin: "recipe" });
  return { image, blobs: undefined, findings: [], [Symbol.asyncDispose]: async () => {} };
}

function resolveRegistry(
  registry: string,
  { image, blobs, staleSince }: Awaited<ReturnType<typeof resolveRegistryImage>>,
): ResolvedImage {
  const findings: BootFinding[] = [];
  if (staleSince !== undefined) {
    findings.push({
      code: "image/stale-tag",
      severity: "warning",
      message: `${registry} does not answer; using what ${image.name} was on ${staleSince}`,
      path: "/",
      fix: "Start again when the registry can be reached, or pin the image by digest.",
    });
  }
  return { image, blobs, findings, [Symbol.asyncDispose]: async () => {} };
}
