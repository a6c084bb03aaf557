import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { open, readdir, realpath, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGzip } from "node:zlib";
import { Problem } from "../../api/problems.ts";
import { writeFileAtomic } from "../../lib/atomic-file.ts";
import { walk } from "../../images/tree-paths.ts";
import { hasErrors, inOrder, type ScriptFinding } from "../script/finding.ts";
import { CombinedPayloads } from "../tree/combined-payloads.ts";
import { HostFiles } from "../tree/host-files.ts";
import { mapNodes } from "../tree/map-nodes.ts";
import { writeDirectory } from "../tree/write-directory.ts";
import { tarChunks } from "../tree/write-tar.ts";
import { openPackage, type PackageKind, withScript } from "./open-package.ts";
import { checkReferences, referencesOf } from "./references.ts";

export interface PackResult {
  /** Of the script. With errors among them nothing was written. */
  findings: ScriptFinding[];
  /** What the findings are about. */
  scriptFile: string;
  /** undefined when nothing was written */
  destination: string | undefined;
  /** Remarks about the packing itself. */
  warnings: string[];
}

interface PackOptions {
  source: string;
  destination: string;
  /** An existing private directory, emptied by the caller. */
  workDirectory: string;
  signal?: AbortSignal;
}

/**
 * Makes a package of another kind: the script with everything it refers to. What it made passes the checks of a run;
 * the destination is there as a whole or not at all.
 */
export async function pack(options: PackOptions & { kind: PackageKind }): Promise<PackResult> {
  using opened = await openPackage(options.source, { ...options, filesBesideScript: true });
  const findings = inOrder([
    ...opened.parsed.findings,
    ...checkReferences({ ...opened, kind: "directory" }, { allowHostVolumes: false }),
  ]);
  const { script } = opened.parsed;
  const result = { findings, scriptFile: opened.scriptFile, warnings: [] };
  if (script === undefined || hasErrors(findings)) return { ...result, destination: undefined };
  const makes = options.kind === "directory" ? "directory" : "file";
  const destination = await checkDestination(options.source, options.destination, makes);
  if (options.kind === "build-script") {
    const [first] = referencesOf(script);
    if (first !== undefined) {
      throw new Problem("build/missing-reference", {
        message: `the script refers to "${first.target}": a single script cannot carry it`,
        hint: "Choose the type directory, tar or tar-gz.",
      });
    }
    await writeFileAtomic(destination, opened.scriptText);
    return { ...result, destination };
  }
  using files = new HostFiles();
  const payloads = new CombinedPayloads();
  const fromPackage = payloads.add(opened.payloads);
  const fromMemory = payloads.add(files);
  const tree = withScript({ ...opened, tree: mapNodes(opened.tree, fromPackage) }, files, fromMemory);
  await publish(destination, async partial => {
    if (options.kind === "directory") {
      const keepSpecialBits = opened.kind === "build-script" || opened.kind === "directory";
      const { signal } = options;
      await writeDirectory(Buffer.from(partial), tree.root, payloads, {
        keepSpecialBits,
        ...(signal ? { signal } : {}),
      });
      return;
    }
    const source = Readable.from(tarChunks(tree, payloads, options.signal), { highWaterMark: 2 });
    // The header of gzip carries no time, so equal packages are equal files.
    const steps = options.kind === "tar-gz" ? [createGzip({ level: constants.Z_BEST_COMPRESSION })] : [];
    await pipeline([source, ...steps, createWriteStream(partial, { flags: "wx" })]);
  });
  return { ...result, destination };
}

/** Turns an archive into the directory it was made of. A package that is no archive stays as it is, with a warning. */
export async function unpack(options: PackOptions): Promise<PackResult> {
  using opened = await openPackage(options.source, options);
  const result = { findings: opened.parsed.findings, scriptFile: opened.scriptFile };
  if (opened.kind === "build-script" || opened.kind === "directory") {
    const what = opened.kind === "directory" ? "a directory" : "a single script";
    return { ...result, destination: undefined, warnings: [`${opened.path} is ${what}: there is nothing to unpack`] };
  }
  const destination = await checkDestination(options.source, options.destination, "directory");
  const warnings: string[] = [];
  walk(opened.tree, (path, node) => {
    const lost = node.mode & 0o6000;
    if (lost !== 0 && node.type === "file")
      warnings.push(`${path} is setuid or setgid in the package; it is unpacked without`);
  });
  await publish(destination, partial =>
    writeDirectory(Buffer.from(partial), opened.tree.root, opened.payloads, {
      ...options,
      onSkipped: (path, node) => warnings.push(`${path.slice(partial.length)} is a ${node.type} and was left out`),
    }),
  );
  return { ...result, destination, warnings };
}

/** Absolute, and certainly not the source. What is there already is of the same kind; a directory must be empty. */
async function checkDestination(source: string, destination: string, makes: "file" | "directory"): Promise<string> {
  const absolute = resolve(destination);
  const unusable = (why: string) =>
    new Problem("build/destination-unusable", { message: `${destination} cannot be written: ${why}` });
  await realpath(dirname(absolute)).catch(() => {
    throw unusable(`the directory ${dirname(absolute)} does not exist`);
  });
  const existing = await realpath(absolute).catch(() => undefined);
  if (existing === undefined) return absolute;
  const original = await realpath(source);
  if (existing === original) throw unusable("it is the source");
  const found = await stat(existing);
  if (makes === "file") {
    // A device would be gone, and nothing written to it.
    if (!found.isFile()) throw unusable("something that is no file is there already");
    return absolute;
  }
  if (!found.isDirectory()) throw unusable("something that is no directory is there already");
  if ((await readdir(existing)).length > 0) throw unusable("it is a directory that is not empty");
  return absolute;
}

/** Lets `write` make something under another name beside the destination, and renames it once it is complete. */
async function publish(destination: string, write: (partial: string) => Promise<void>): Promise<void> {
  const partial = `${destination}.${randomBytes(4).toString("hex")}.partial`;
  try {
    await write(partial);
    await syncDirectoryOrFile(partial);
    // Only an empty directory can be in the way here; a file is replaced by the rename.
    await rmdir(destination).catch(() => undefined);
    await rename(partial, destination);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

async function syncDirectoryOrFile(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
