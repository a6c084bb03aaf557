import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { blobFile } from "../src/images/blobs.ts";
import { loadImage } from "../src/images/load-image.ts";
import { localImageDigest } from "../src/images/local/local-image.ts";
import { readRecipe } from "../src/images/local/recipe.ts";
import type { Paths } from "../src/store/paths.ts";
import { bootableMembers, buildImage, buildImageOf, type BuiltImage } from "../test/fixtures/oci-image.ts";
import type { TarMember } from "../test/fixtures/tar-archive.ts";

export interface Sample {
  name: string;
  image: BuiltImage;
  /** Of all layers, uncompressed. */
  contentBytes: number;
}

/** The archives of the prepared debian-12 image; their bytes also fill the files of the other samples. */
export async function readBaseLayers(paths: Paths): Promise<Buffer[]> {
  const digest = await localImageDigest(paths, await readRecipe("debian-12"));
  const image = digest === undefined ? undefined : await loadImage(paths, digest, "debian-12", undefined);
  if (image === undefined) throw new Error("debian-12 is not prepared: run 'npm start' once");
  return Promise.all(image.layers.map(layer => readFile(blobFile(paths, layer.diffId))));
}

type SampleMaker = (base: readonly Buffer[]) => Sample;

/** Made one at a time: each takes a few hundred megabytes. */
export const sampleMakers: readonly SampleMaker[] = [
  base => ({ name: "debian-12", image: buildImageOf(base), contentBytes: sum(base.map(layer => layer.length)) }),
  base => {
    const files = Array.from({ length: 40_000 }, (_, index) =>
      file(`srv/d${index % 400}/file-${index}`, slice(base, index, 512 + ((index * 7919) % 9000))),
    );
    return sample("40 000 small files", [[...bootableMembers(), ...files]]);
  },
  base => {
    const files = Array.from({ length: 18_000 }, (_, index) =>
      file(`var/lib/big/some-package-file-${index}.list`, slice(base, index, 200 + ((index * 7919) % 8000))),
    );
    return sample("18 000-entry directory", [[...bootableMembers(), ...files]]);
  },
  base =>
    sample(
      "5 layers",
      Array.from({ length: 5 }, (_, layer) => [
        ...(layer === 0 ? bootableMembers() : [{ name: `opt/layer-${layer - 1}/.wh.file-0` }]),
        ...Array.from({ length: 120 }, (__, index) =>
          file(`opt/layer-${layer}/file-${index}`, slice(base, layer * 120 + index, 400_000)),
        ),
      ]),
    ),
];

function sample(name: string, layers: TarMember[][]): Sample {
  const image = buildImage(layers, { compress: plain => gzipSync(plain) });
  return { name, image, contentBytes: image.plainBytes };
}

const file = (name: string, content: Buffer): TarMember => ({ name, content });

/** Real bytes, so that they compress as real files do; each index gets others. */
function slice([base]: readonly Buffer[], index: number, length: number): Buffer {
  if (base === undefined) throw new Error("the base image has no layer");
  const start = (index * 104_729 * 31) % (base.length - length);
  return base.subarray(start, start + length);
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
