import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { engineStorageDirectory, imageLockFile, imageWorkDirectory, type Paths } from "../../store/paths.ts";
import { documentsOf } from "../blob-source.ts";
import { whileUsingCache } from "../cache-use.ts";
import { withExclusiveLock } from "../exclusive-lock.ts";
import { rememberImage } from "../image-records.ts";
import { loadImage, type LoadedImage } from "../load-image.ts";
import { nameImage, requireNoDigest } from "../name-image.ts";
import { type OnProgress, progressReporter } from "../progress.ts";
import { pullLayers } from "../pull-image.ts";
import { judgeImage } from "../verdict.ts";
import type { RegistryAccess } from "../registry/access.ts";
import { formatReference, type ImageReference } from "../registry/reference.ts";
import { openHostSource } from "../sources/open-source.ts";
import { findBuildContext } from "./build-context.ts";
import { chooseEngine, type EngineChoice } from "./choose-engine.ts";

export interface BuildImageOptions extends EngineChoice {
  paths: Paths;
  directory: string;
  dockerfile?: string | undefined;
  reference: ImageReference;
  buildArguments: readonly string[];
  push: boolean;
  registries: RegistryAccess;
  onLine: (line: string) => void;
  /** A failure of the engine then does not repeat the last lines. */
  areLinesShown?: boolean | undefined;
  onProgress?: OnProgress;
}

/**
 * Builds a Dockerfile with a container engine of this host and puts the image into the cache under its reference,
 * which means this image here from now on. When this rejects the reference means what it meant before.
 */
export async function buildImage(options: BuildImageOptions): Promise<LoadedImage & { engine: string }> {
  const { paths, reference, env, onLine, areLinesShown, signal } = options;
  requireNoDigest(reference);
  const context = await findBuildContext(options.directory, options.dockerfile);
  const engine = await chooseEngine(options);
  const report = progressReporter(options.onProgress);
  const name = formatReference(reference);
  const storageDirectory = engineStorageDirectory(paths);
  const common = { reference: name, storageDirectory, env, onLine, areLinesShown, signal };
  const work = async () => {
    // Prune takes the work directories of all away, so it must know that somebody is at work.
    const workDirectory = join(imageWorkDirectory(paths), `${process.pid}-${randomBytes(4).toString("hex")}`);
    await mkdir(workDirectory, { recursive: true, mode: 0o700 });
    try {
      report("build", `building ${name} with ${engine.name}`);
      const { buildArguments } = options;
      const built = await engine.build({ ...common, ...context, buildArguments, workDirectory });
      await using opened = await openHostSource(built, { paths, report, env, signal });
      const image = await loadImage(paths, opened.digest, name, documentsOf(opened.blobs));
      if (image === undefined) throw new Error("an image with a source cannot be missing");
      const layers = await pullLayers(image, opened.blobs, {
        paths,
        report,
        registries: options.registries,
        signal,
        isMergedNext: true,
      });
      await judgeImage(paths, image, layers, signal);
      if (options.push) {
        report("build", `pushing ${name}`);
        const isPlain = options.registries.transport.mayBePlain(new URL(`http://${reference.registry}`));
        await engine.push({ ...common, isPlain });
        // From here on the registry is asked about its tag again.
        await rememberImage(paths, { name, digest: image.digest, origin: "registry" });
      } else {
        await nameImage(paths, reference, image.digest);
      }
      return { ...image, engine: engine.name };
    } finally {
      await rm(workDirectory, { recursive: true, force: true });
    }
  };
  // Engines share their layers between builds, but not all of them at the same time.
  return whileUsingCache(paths, () => withExclusiveLock(imageLockFile(paths, "engine"), work, { signal }), { signal });
}
