import * as z from "zod";
import { blobSize, readBlob } from "./blobs.ts";
import type { Digest } from "./digest.ts";
import { type SourceOptions, withResolvedImage } from "./pull-into-cache.ts";

/** What people look for in a configuration; whatever else stands there is passed on as it is. */
const configSchema = z.looseObject({
  created: z.string().nullish(),
  config: z
    .looseObject({
      Entrypoint: z.array(z.string()).nullish(),
      Cmd: z.array(z.string()).nullish(),
      User: z.string().nullish(),
    })
    .nullish(),
});

export interface InspectedImage {
  name: string;
  digest: Digest;
  /** Of the layers as they travel. */
  sizeBytes: number;
  layers: Array<{ digest: Digest; diffId: Digest; sizeBytes: number; isCached: boolean }>;
  /** As the image says it. */
  config: z.infer<typeof configSchema>;
}

/** Reads the documents of an image; its layers stay where they are. */
export async function inspectImage(options: SourceOptions): Promise<InspectedImage> {
  return withResolvedImage(options, async ({ image }) => {
    const config = await readBlob(options.paths, image.documents.at(-1) as Digest);
    if (config === undefined) throw new Error("a loaded image has a configuration");
    const layers = image.layers.map(async ({ digest, diffId, sizeBytes }) => ({
      digest,
      diffId,
      sizeBytes,
      isCached: (await blobSize(options.paths, diffId)) !== undefined,
    }));
    return {
      name: image.name,
      digest: image.digest,
      sizeBytes: image.layers.reduce((total, layer) => total + layer.sizeBytes, 0),
      layers: await Promise.all(layers),
      config: configSchema.catch({}).parse(JSON.parse(config.toString("utf8"))),
    };
  });
}
