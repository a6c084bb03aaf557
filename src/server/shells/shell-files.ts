import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";

export interface ShellFile {
  type: string;
  content: Buffer;
  /** Its name holds its digest. */
  immutable: boolean;
}

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};

/**
 * The page of a shared shell, by path: a build of its own, so that its origin holds nothing else of the web UI. Empty
 * when the web UI has not been built.
 */
export async function loadShellFiles(webDirectory: string): Promise<ReadonlyMap<string, ShellFile>> {
  const directory = join(webDirectory, "shell");
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  const files = new Map<string, ShellFile>();
  for (const name of names) {
    const type = types[extname(name)];
    if (type === undefined) continue;
    const path = name === "shell.html" ? "/" : `/${name}`;
    files.set(path, { type, content: await readFile(join(directory, name)), immutable: path.startsWith("/assets/") });
  }
  return files;
}
