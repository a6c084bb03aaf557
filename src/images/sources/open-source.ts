import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "../../api/problems.ts";
import { imageWorkDirectory, type Paths } from "../../store/paths.ts";
import { formatImageSource, type HostSource } from "../catalogue.ts";
import type { Report } from "../progress.ts";
import { archiveFiles } from "./archive-files.ts";
import { findInDockerArchive } from "./docker-archive.ts";
import { exportFromEngine } from "./engine-export.ts";
import { directoryFiles, type FileSet } from "./file-set.ts";
import { findInLayout, type FoundImage } from "./oci-layout.ts";
import { openPlainArchive } from "./plain-archive.ts";

export interface OpenOptions {
  paths: Paths;
  report: Report;
  env: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
}

/** Open files and work directories go with it, so it must outlive the reading of blobs. */
export interface OpenedSource extends FoundImage, AsyncDisposable {}

/**
 * Opens an image that lies on this host outside the cache: a layout, an archive, or an image of a container engine.
 * Rejects with `image/source-unreadable` when there is none, or several and no tag says which.
 */
export async function openHostSource(source: HostSource, options: OpenOptions): Promise<OpenedSource> {
  const name = formatImageSource(source);
  await using opening = new AsyncDisposableStack();
  const workDirectory = async () => {
    const directory = join(imageWorkDirectory(options.paths), `${process.pid}-${randomBytes(4).toString("hex")}`);
    opening.defer(() => rm(directory, { recursive: true, force: true }));
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return directory;
  };
  let files: FileSet;
  let tag: string | undefined;
  if (source.kind === "layout") {
    files = directoryFiles(source.path);
    tag = source.tag;
  } else {
    let { path } = source.kind === "archive" ? source : { path: "" };
    if (source.kind === "engine") {
      options.report("resolve", `reading ${source.name} from ${source.engine}`);
      path = await exportFromEngine(source.engine, source.name, await workDirectory(), {
        env: options.env,
        signal: options.signal,
        onBytes: doneBytes => options.report("pull", `reading ${source.name} from ${source.engine}`, { doneBytes }),
      });
    } else tag = source.tag;
    const file = opening.use(await openPlainArchive(path, workDirectory, options.signal));
    files = await archiveFiles(file, name);
  }
  const found = (await findInLayout(files, tag, name)) ?? (await findInDockerArchive(files, tag, name));
  if (found === undefined) {
    throw new Problem("image/source-unreadable", { message: `${name} has neither index.json nor manifest.json` });
  }
  const opened = opening.move();
  return { ...found, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
