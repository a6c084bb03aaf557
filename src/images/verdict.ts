import { mkdir, readFile } from "node:fs/promises";
import { Problem } from "../api/problems.ts";
import { writeFileAtomic } from "../lib/atomic-file.ts";
import { imageVerdictFile, imageVerdictsDirectory, type Paths } from "../store/paths.ts";
import { type Accounts, readAccounts } from "./accounts.ts";
import { driveVersion } from "./base-version.ts";
import { type BootFinding, type BootReport, checkBootability } from "./bootability.ts";
import { formatImageSource, parseImageSource } from "./catalogue.ts";
import { chainIdOf, hexOf } from "./digest.ts";
import { type DecodedLayer, mergeLayers } from "./layers/merge-layers.ts";
import type { LoadedImage } from "./load-image.ts";
import { recallImage } from "./resolve-image.ts";

/** What an image is like as a machine, kept beside it: so it can be told later without reading its layers again. */
interface Verdict extends Partial<Accounts> {
  version: string;
  findings: BootFinding[];
}

export async function rememberVerdict(
  paths: Paths,
  image: LoadedImage,
  { findings }: BootReport,
  accounts: Accounts,
): Promise<void> {
  await mkdir(imageVerdictsDirectory(paths), { recursive: true });
  const verdict: Verdict = { version: driveVersion("ext4"), findings, ...accounts };
  await writeFileAtomic(fileOf(paths, image), JSON.stringify(verdict));
}

/** Judges an image whose layers are here, and remembers it. Layers that cannot be merged are left to whoever uses them. */
export async function judgeImage(
  paths: Paths,
  image: LoadedImage,
  layers: readonly DecodedLayer[],
  signal?: AbortSignal,
): Promise<void> {
  try {
    using merged = await mergeLayers(layers, signal);
    const { tree, payloads } = merged;
    await rememberVerdict(paths, image, checkBootability(tree, payloads), readAccounts(tree, payloads));
  } catch (error) {
    const isOfTheImage =
      error instanceof Problem && (error.code === "image/bad-layer" || error.code === "image/too-large");
    if (!isOfTheImage) throw error;
  }
}

export interface KnownFindings {
  reference: string;
  findings: BootFinding[];
  /** Undefined: looked at by a version that did not keep them. */
  accounts?: Accounts;
}

/**
 * What is known here of the image that a manifest names, without asking anybody and without reading its layers: of a
 * tag what it meant when it was last looked up. Undefined when the image has not been here, or the name means nothing.
 */
export async function knownFindings(paths: Paths, source: string): Promise<KnownFindings | undefined> {
  try {
    const parsed = parseImageSource(source);
    const image = await recallImage(parsed, paths, { anyAge: true });
    if (image === undefined) return undefined;
    const verdict = JSON.parse(await readFile(fileOf(paths, image), "utf8")) as Verdict;
    if (verdict.version !== driveVersion("ext4")) return undefined;
    const { findings, users, groups } = verdict;
    const accounts = users === undefined || groups === undefined ? {} : { accounts: { users, groups } };
    return { reference: formatImageSource(parsed), findings, ...accounts };
  } catch {
    // It only adds to what somebody is told: a name or a record that cannot be read adds nothing.
    return undefined;
  }
}

const fileOf = (paths: Paths, image: LoadedImage) =>
  imageVerdictFile(paths, hexOf(chainIdOf(image.layers.map(layer => layer.diffId))));
