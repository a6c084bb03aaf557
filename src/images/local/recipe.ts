import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import type { Digest } from "../digest.ts";

const recipeSchema = z.strictObject({
  title: z.string(),
  suite: z.string(),
  components: z.array(z.string()).min(1),
  variant: z.enum(["apt", "minbase"]),
  /** No file of the image is younger. */
  sourceDateEpoch: z.int().positive(),
});

/** How one of our own images is made; see images/<name>/README.md for what each file is. */
export interface Recipe extends z.infer<typeof recipeSchema> {
  name: string;
  packages: string[];
  maskedUnits: string[];
  /** Shell text that runs with the new root as $1. */
  customizeScript: string;
  /** Files put on top, paths without a leading slash. */
  files: Array<{ path: string; content: Buffer; executable: boolean }>;
  /** Changes with anything that may change the image. */
  digest: Digest;
}

/** Bumped when the builder itself would make another image of the same recipe. */
const builderVersion = 1;

export const recipesDirectory = fileURLToPath(new URL("../../../images/", import.meta.url));

/** Names of the images that are built here instead of pulled. */
export async function localImageNames(directory = recipesDirectory): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name)
    .sort();
}

/** Reads images/<name>/. Rejects when a file is missing or recipe.json is not valid: a fault of this installation. */
export async function readRecipe(name: string, directory = recipesDirectory): Promise<Recipe> {
  const root = join(directory, name);
  const files = await readFiles(join(root, "files"));
  const texts = await Promise.all(
    ["recipe.json", "packages.txt", "masked-units.txt", "customize.sh"].map(file => readFile(join(root, file), "utf8")),
  );
  const [json, packages, maskedUnits, customizeScript] = texts as [string, string, string, string];
  const hash = createHash("sha256").update(`labyard recipe ${builderVersion}\n`);
  for (const text of texts) hash.update(`${Buffer.byteLength(text)}\n${text}`);
  for (const file of files) {
    hash.update(`${file.path}\0${file.executable}\0${file.content.length}\n`).update(file.content);
  }
  return {
    ...recipeSchema.parse(JSON.parse(json)),
    name,
    packages: listed(packages),
    maskedUnits: listed(maskedUnits),
    customizeScript,
    files,
    digest: `sha256:${hash.digest("hex")}`,
  };
}

/** The first word of each line; blank lines and lines that begin with # are comments. */
function listed(text: string): string[] {
  return text
    .split("\n")
    .map(line => line.trim().split(/\s+/)[0] ?? "")
    .filter(word => word !== "" && !word.startsWith("#"));
}

async function readFiles(root: string): Promise<Recipe["files"]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
  return Promise.all(
    paths.sort().map(async path => ({
      path: path.slice(root.length + 1),
      content: await readFile(path),
      executable: ((await stat(path)).mode & 0o100) !== 0,
    })),
  );
}
