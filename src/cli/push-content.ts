import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import pLimit from "p-limit";
import type { Client } from "../api/client.ts";
import { Problem } from "../api/problems.ts";
import { confirm } from "./confirm.ts";
import type { CliContext } from "./context.ts";

/** More would be refused by every server. */
const maxFiles = 500;
const uploadsAtOnce = 4;
/** They travel with the manifest itself. */
const ofManifest = ["index.md", "manifest.yaml", "manifest.yml"];

/** The manifest of a playground's directory. */
export async function manifestIn(directory: string): Promise<string> {
  const names = await readdir(directory).catch(cause => {
    throw new Problem("cli/file-unreadable", { message: `${directory} cannot be read as a directory`, cause });
  });
  const name = ["manifest.yaml", "manifest.yml"].find(each => names.includes(each));
  if (name !== undefined) return join(directory, name);
  throw new Problem("cli/file-unreadable", { message: `${directory} has neither manifest.yaml nor manifest.yml` });
}

/**
 * Makes the content files of the playground those of the directory: uploads what is new or has changed, and removes what
 * is gone, after a question unless `force`. Names with a leading dot and links are left out.
 */
export async function pushContent(
  context: CliContext,
  client: Client,
  name: string,
  directory: string,
  force: boolean,
): Promise<void> {
  const local = await localFiles(directory);
  const remote = new Map((await client.listContentFiles(name)).map(({ path, digest }) => [path, digest]));
  const gone = [...remote.keys()].filter(path => !local.includes(path));
  if (gone.length > 0 && !force) {
    await confirm(context, `Remove ${gone.join(", ")} from ${name}? They are not in ${directory}.`);
  }
  const atOnce = pLimit(uploadsAtOnce);
  await Promise.all(
    local.map(path =>
      atOnce(async () => {
        const bytes = await readFile(join(directory, path));
        if (createHash("md5").update(bytes).digest("hex") === remote.get(path)) return;
        await client.putContentFile(name, path, bytes);
        context.stderr.write(`Uploaded ${path}\n`);
      }),
    ),
  );
  for (const path of gone) {
    await client.deleteContentFile(name, path);
    context.stderr.write(`Removed ${path}\n`);
  }
}

/** Paths of regular files, with slashes. */
async function localFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries
    .filter(entry => entry.isFile())
    .map(entry => relative(directory, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter(path => !ofManifest.includes(path) && !path.split("/").some(part => part.startsWith(".")))
    .sort();
  if (files.length <= maxFiles) return files;
  throw new Problem("cli/usage", {
    message: `${directory} has ${files.length} files; a playground has ${maxFiles} at most`,
  });
}
