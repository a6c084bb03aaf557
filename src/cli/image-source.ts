import type { ImageSource } from "../images/catalogue.ts";
import type { SourceOptions } from "../images/pull-into-cache.ts";
import type { CliContext } from "./context.ts";
import { imageAccess } from "./image-access.ts";
import { showImageProgress } from "./image-progress.ts";

export const sourceArgument =
  "oci://host/repository:tag, a named image, ./layout, archive.tar[:tag], docker://NAME, podman://NAME or buildah://NAME";

/** What every command that takes a SOURCE hands to the image cache; progress goes to stderr. */
export async function sourceOptions(context: CliContext, text: string): Promise<SourceOptions> {
  const { resolveAlias } = await import("../plan/drives.ts");
  const { registries, aliases } = await imageAccess(context);
  return {
    paths: context.paths,
    source: await parseSource(resolveAlias(text, aliases)),
    registries,
    env: context.env,
    onProgress: showImageProgress(context),
    signal: context.signal,
  };
}

async function parseSource(text: string): Promise<ImageSource> {
  const { parseCommandSource } = await import("../images/catalogue.ts");
  return parseCommandSource(text);
}
