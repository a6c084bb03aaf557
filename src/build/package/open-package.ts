import { createReadStream, createWriteStream } from "node:fs";
import { lstat, open, readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { Problem } from "../../api/problems.ts";
import { mergeLayers } from "../../images/layers/merge-layers.ts";
import type { FileNode, PayloadSource, Tree, TreeNode } from "../../images/tree.ts";
import { lookUp } from "../../images/tree-paths.ts";
import { parseScript, type ParsedScript } from "../script/parse-script.ts";
import { fileChunks } from "../tree/file-chunks.ts";
import { HostFiles } from "../tree/host-files.ts";
import { DirectoryTree } from "../tree/read-directory.ts";
import { referencesOf } from "./references.ts";

const scriptName = "build.toml";
const maxScriptBytes = 16 * 1024 * 1024;
/** No honest package unpacks to more than a hundred times its size, apart from small ones. */
const bombFloorBytes = 1024 ** 3;
const bombRatio = 100;

export type PackageKind = "build-script" | "directory" | "tar" | "tar-gz";

/** A build script with the files it refers to. Whatever its kind, its files are a tree: nothing is extracted. */
export interface BuildPackage extends Disposable {
  kind: PackageKind;
  /** Absolute */
  path: string;
  /** Where the script stands, for messages: a path, with "!" before the name inside an archive. */
  scriptFile: string;
  scriptText: string;
  parsed: ParsedScript;
  /** At least what the script refers to. */
  tree: Tree;
  payloads: PayloadSource;
}

export interface OpenPackageOptions {
  /** An existing private directory of the caller; an archive is decompressed into it. */
  workDirectory: string;
  /** Look for what a single script refers to beside it; only packing does. */
  filesBesideScript?: boolean;
  signal?: AbortSignal;
}

/**
 * Opens a package of any kind, recognised by its content, and reads its script. Rejects with
 * `build/package-unreadable` when there is no script to read; what is wrong with the script is in its findings.
 */
export async function openPackage(path: string, options: OpenPackageOptions): Promise<BuildPackage> {
  const absolute = resolve(path);
  const kind = await packageKind(absolute);
  if (kind === "build-script") return openScript(absolute, options.filesBesideScript ?? false);
  if (kind === "directory") return openDirectory(absolute);
  if (kind === "tar") return openArchive(absolute, absolute, kind, options);
  const tar = join(options.workDirectory, "package.tar");
  await decompress(absolute, tar, options.signal);
  return openArchive(absolute, tar, kind, options);
}

async function packageKind(path: string): Promise<PackageKind> {
  const stats = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(cause.code === "ENOENT" ? `${path} does not exist` : `${path}: ${cause.message}`, cause);
  });
  if (stats.isDirectory()) return "directory";
  if (!stats.isFile()) throw unreadable(`${path} is neither a file nor a directory`);
  const file = await open(path, "r").catch((cause: Error) => {
    throw unreadable(`${path}: ${cause.message}`, cause);
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
    if (bytesRead >= 2 && buffer[0] === 0x1f && buffer[1] === 0x8b) return "tar-gz";
    if (bytesRead === 512 && buffer.toString("latin1", 257, 262) === "ustar") return "tar";
    return /\.(tar|tar\.gz|tgz)$/i.test(path) ? "tar" : "build-script";
  } finally {
    await file.close();
  }
}

async function openScript(path: string, filesBesideScript: boolean): Promise<BuildPackage> {
  const scriptText = await readScript(path);
  const files = new HostFiles();
  const parsed = parseScript(scriptText);
  const directory = new DirectoryTree(dirname(path), files);
  if (filesBesideScript && parsed.read !== undefined) {
    for (const reference of referencesOf(parsed.read.script)) await directory.include(reference.target);
  }
  return {
    kind: "build-script",
    path,
    scriptFile: path,
    scriptText,
    parsed,
    tree: directory.tree,
    payloads: files,
    [Symbol.dispose]: () => files[Symbol.dispose](),
  };
}

async function openDirectory(path: string): Promise<BuildPackage> {
  const scriptFile = join(path, scriptName);
  const opened = await openScript(scriptFile, true);
  return { ...opened, kind: "directory", path };
}

async function openArchive(
  path: string,
  tar: string,
  kind: PackageKind,
  { signal }: OpenPackageOptions,
): Promise<BuildPackage> {
  const merged = await mergeLayers([{ path: tar, label: path }], signal).catch((error: unknown) => {
    if (error instanceof Problem) throw unreadable(error.message, error);
    throw error;
  });
  try {
    const { tree, payloads } = merged;
    const found = lookUp(tree, `/${scriptName}`);
    if (found?.node.type !== "file") throw unreadable(`${path} has no file ${scriptName} at its top`);
    if (found.node.size > maxScriptBytes)
      throw unreadable(`${path}!${scriptName} is larger than ${maxScriptBytes} bytes`);
    const bytes = Buffer.concat([...fileChunks(found.node, payloads)].map(chunk => Buffer.from(chunk)));
    const scriptText = decode(bytes, `${path}!${scriptName}`);
    const parsed = parseScript(scriptText);
    const scriptFile = `${path}!${scriptName}`;
    return {
      kind,
      path,
      scriptFile,
      scriptText,
      parsed,
      tree,
      payloads,
      [Symbol.dispose]: () => merged[Symbol.dispose](),
    };
  } catch (error) {
    merged[Symbol.dispose]();
    throw error;
  }
}

async function decompress(from: string, to: string, signal: AbortSignal | undefined): Promise<void> {
  const limitBytes = Math.max(bombFloorBytes, (await lstat(from)).size * bombRatio);
  let total = 0;
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      total += chunk.length;
      if (total > limitBytes) done(unreadable(`${from} unpacks to more than ${limitBytes} bytes`));
      else done(null, chunk);
    },
  });
  try {
    await pipeline(createReadStream(from), createGunzip(), limit, createWriteStream(to, { flags: "wx" }), {
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof Problem) throw cause;
    throw unreadable(`${from} cannot be decompressed: ${(cause as Error).message}`, cause);
  }
}

async function readScript(path: string): Promise<string> {
  const stats = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(cause.code === "ENOENT" ? `${path} does not exist` : `${path}: ${cause.message}`, cause);
  });
  if (!stats.isFile()) throw unreadable(`${path} is not a file`);
  if (stats.size > maxScriptBytes) throw unreadable(`${path} is larger than ${maxScriptBytes} bytes`);
  const bytes = await readFile(path).catch((cause: Error) => {
    throw unreadable(`${path} cannot be read: ${cause.message}`, cause);
  });
  return decode(bytes, path);
}

function decode(bytes: Buffer, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw unreadable(`${name} is not a text in UTF-8`, cause);
  }
}

function unreadable(message: string, cause?: unknown): Problem {
  return new Problem("build/package-unreadable", { message, cause });
}

/** The files of a package with its script among them, as they stand in a package that is no single script. */
export function withScript(
  opened: Pick<BuildPackage, "scriptText" | "tree">,
  files: HostFiles,
  fromFiles: <T extends TreeNode>(node: T) => T,
): Tree {
  const bytes = Buffer.from(opened.scriptText);
  const root = { ...opened.tree.root, children: new Map(opened.tree.root.children) };
  const script: FileNode = {
    ...{ type: "file", mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 0, mtimeNanoseconds: 0, xattrs: new Map() },
    size: bytes.length,
    payload: files.addBytes(bytes),
  };
  root.children.set(scriptName, fromFiles(script));
  return { root };
}
