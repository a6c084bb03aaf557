import type { FileHandle } from "node:fs/promises";
import { Problem } from "../../api/problems.ts";
import { TarError, type TarEntry } from "../tar/tar-entry.ts";
import { indexTarFile } from "../tar/tar-file.ts";
import { bytesBetween, type FileSet } from "./file-set.ts";

/** An archive of an image holds a few files for each layer. */
const maxMembers = 100_000;
/** Older archives hold equal layers as symlinks to one of them. */
const maxLinks = 8;

/** The members of an uncompressed tar archive; `name` is for messages. The caller keeps the file open. */
export async function archiveFiles(file: FileHandle, name: string): Promise<FileSet> {
  const { size } = await file.stat();
  const members = new Map<string, TarEntry>();
  try {
    for (const entry of indexTarFile(file.fd, size, maxMembers).entries) members.set(normalise(entry.path), entry);
  } catch (error) {
    if (!(error instanceof TarError)) throw error;
    throw new Problem("image/source-unreadable", {
      message: `${name} is not a tar archive: ${error.message}`,
      cause: error,
    });
  }
  const find = (path: string): TarEntry | undefined => {
    let current = normalise(path);
    for (let hop = 0; hop <= maxLinks; hop++) {
      const entry = members.get(current);
      if (entry?.type === "symlink") current = normalise(`${current}/../${entry.linkPath}`);
      else if (entry?.type === "hardlink") current = normalise(entry.linkPath);
      else return entry?.type === "file" && entry.segments === undefined ? entry : undefined;
    }
    return undefined;
  };
  return {
    async size(path) {
      return find(path)?.size;
    },
    async *stream(path, from) {
      const entry = find(path);
      if (entry !== undefined) yield* bytesBetween(file, entry.offset + from, entry.offset + entry.size);
    },
  };
}

function normalise(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}
