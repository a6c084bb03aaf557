import { once } from "node:events";
import { rm, stat, truncate } from "node:fs/promises";
import { Problem } from "../../api/problems.ts";
import { startChild } from "../../host/process.ts";
import type { PayloadSource, Tree } from "../../images/tree.ts";
import { tarChunks } from "../tree/write-tar.ts";

export interface SquashfsOptions {
  path: string;
  /** undefined: as large as the content makes it */
  sizeBytes: number | undefined;
  /** Of the filesystem itself and its root, seconds since 1970; nothing in the tree is later. */
  timeSeconds: number;
  /** Checked options of mksquashfs */
  args: readonly string[];
  signal: AbortSignal;
}

/** Writes a tree as a squashfs into a new file, padded with zeros to the wanted size. Same tree, same bytes. */
export async function writeSquashfs(tree: Tree, payloads: PayloadSource, options: SquashfsOptions): Promise<void> {
  const { path, sizeBytes, signal } = options;
  const time = String(Math.max(options.timeSeconds, 0));
  // It takes no member for the root, so what an archive says about that is said again.
  const { mode, uid, gid } = tree.root;
  const root = ["-root-mode", mode.toString(8), "-root-uid", String(uid), "-root-gid", String(gid)];
  const argv = ["sqfstar", "-quiet", "-no-progress", ...root, ...options.args, path];
  const env = { ...process.env, SOURCE_DATE_EPOCH: time };
  const child = await startChild(argv, { env, stdio: ["pipe", "ignore", "pipe"] });
  try {
    const { stdin } = child.process;
    if (stdin === null) throw new Error("no pipe to sqfstar");
    // A program that ends early closes its end; its exit code says why.
    stdin.on("error", () => undefined);
    for await (const chunk of tarChunks(tree, payloads, signal)) {
      if (stdin.destroyed || child.process.exitCode !== null) break;
      if (!stdin.write(chunk)) await Promise.race([once(stdin, "drain", { signal }), child.exited]);
    }
    stdin.end();
    const { exitCode } = await child.exited;
    if (exitCode !== 0) {
      throw new Problem("host/command-failed", {
        message: `sqfstar failed with exit code ${exitCode}`,
        details: child.stderrTail().trim().split("\n").slice(-8),
      });
    }
  } catch (error) {
    await child.stop(1000);
    await rm(path, { force: true });
    throw error;
  }
  if (sizeBytes === undefined) return;
  const { size } = await stat(path);
  if (size > sizeBytes) {
    const mib = Math.ceil(size / 2 ** 20);
    throw new Problem("build/too-small", {
      message: `the content takes ${mib} MiB as squashfs, but the filesystem has ${sizeBytes / 2 ** 20} MiB`,
    });
  }
  await truncate(path, sizeBytes);
}
