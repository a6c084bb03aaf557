import { readFile } from "node:fs/promises";
import * as z from "zod";
import { writeFileAtomic } from "../lib/atomic-file.ts";
import { imageLockFile, imageReferencesFile, type Paths } from "../store/paths.ts";
import { type Digest, isDigest } from "./digest.ts";
import { withExclusiveLock } from "./exclusive-lock.ts";

const fileSchema = z.record(z.string(), z.object({ digest: z.custom<Digest>(isDigest), resolvedAt: z.string() }));

export type ResolvedReferences = z.infer<typeof fileSchema>;

/** What each tag pointed to when its registry was last asked. An unreadable file counts as empty: it is a cache. */
export async function readResolvedReferences(paths: Paths): Promise<ResolvedReferences> {
  const text = await readFile(imageReferencesFile(paths), "utf8").catch(() => "{}");
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

/** Remembers a tag's digest; concurrent writers do not lose each other's lines. */
export async function rememberReference(paths: Paths, reference: string, digest: Digest): Promise<void> {
  await withExclusiveLock(imageLockFile(paths, "references"), async () => {
    const references = await readResolvedReferences(paths);
    references[reference] = { digest, resolvedAt: new Date().toISOString() };
    await writeFileAtomic(imageReferencesFile(paths), `${JSON.stringify(references, null, 2)}\n`);
  });
}
