import type { Paths } from "../store/paths.ts";
import type { BootFinding } from "./bootability.ts";
import { whileUsingCache } from "./cache-use.ts";
import type { ImageSource } from "./catalogue.ts";
import type { DecodedLayer } from "./layers/merge-layers.ts";
import type { LoadedImage } from "./load-image.ts";
import { type OnProgress, progressReporter } from "./progress.ts";
import { pullLayers } from "./pull-image.ts";
import type { RegistryAccess } from "./registry/access.ts";
import { type ResolvedImage, resolveImage } from "./resolve-image.ts";

export interface SourceOptions {
  paths: Paths;
  source: ImageSource;
  registries: RegistryAccess;
  /** Where container engines say how to reach them. */
  env: NodeJS.ProcessEnv;
  onProgress?: OnProgress;
  signal?: AbortSignal;
  /** Ask the registry also about what was built here under its name. */
  refresh?: boolean;
}

/** An image whose layers are all in the store, unpacked and verified. */
export interface PulledImage {
  image: LoadedImage;
  findings: BootFinding[];
  /** For merging them once: what was read of them meanwhile is used up by it. */
  layers: DecodedLayer[];
}

/** Brings the image of a source into the cache and hands it to `use`; nothing of it is removed meanwhile. */
export async function withPulledImage<T>(options: SourceOptions, use: (pulled: PulledImage) => Promise<T>): Promise<T> {
  const report = progressReporter(options.onProgress);
  return withResolvedImage(options, async ({ image, blobs, findings }) => {
    const layers = await pullLayers(image, blobs, { ...options, report, isMergedNext: true });
    return use({ image, findings, layers });
  });
}

/** The same with the documents of the image only. */
export async function withResolvedImage<T>(
  options: SourceOptions,
  use: (resolved: ResolvedImage) => Promise<T>,
): Promise<T> {
  const report = progressReporter(options.onProgress);
  const work = async () => {
    await using resolved = await resolveImage(options.source, { ...options, report });
    // Awaited here: the source must stay open until its layers have been read.
    return await use(resolved);
  };
  return whileUsingCache(options.paths, work, {
    signal: options.signal,
    onWait: () => report("wait", "the image cache is being tidied up"),
  });
}
