import { mkdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "../../api/problems.ts";
import { run } from "../../host/process.ts";
import type { DirectoryNode, PayloadSource, Tree, TreeNode } from "../../images/tree.ts";
import { walk } from "../../images/tree-paths.ts";
import { writeFileNode } from "../tree/write-directory.ts";

const mebibyte = 2 ** 20;
const maxFileBytes = 2 ** 32 - 1;
/** Arguments of one command must fit the kernel's limit. */
const namesPerCommand = 200;

export interface VfatOptions {
  path: string;
  /** undefined: content and some room */
  sizeBytes: number | undefined;
  /** Leave out what FAT cannot hold. */
  lossy: boolean;
  /** Checked options of mkfs.fat */
  args: readonly string[];
  /** 32 bytes from the content: the volume id comes from it. */
  seed: Buffer;
  timeSeconds: number;
  /** Private and existing */
  workDirectory: string;
  signal: AbortSignal;
  onLoss: (message: string) => void;
}

/**
 * Writes a tree as a FAT filesystem into a new file, without mounting anything. What FAT cannot hold is an error
 * (`build/lossy`, with all of it listed), or is reported and left out when the script accepts the loss.
 */
export async function writeVfat(tree: Tree, payloads: PayloadSource, options: VfatOptions): Promise<void> {
  const losses = vfatLosses(tree);
  if (losses.length > 0 && !options.lossy) {
    throw new Problem("build/lossy", {
      message: `Vfat cannot hold ${losses.length} things that the image contains, e.g. ${losses[0]?.message}`,
      details: losses.map(loss => loss.message).slice(0, 100),
    });
  }
  for (const loss of losses) options.onLoss(loss.message);
  const leftOut = new Set(losses.filter(loss => loss.isLeftOut).map(loss => loss.path));
  const sizeBytes = options.sizeBytes ?? roomFor(tree);
  const environment = {
    ...process.env,
    SOURCE_DATE_EPOCH: String(options.timeSeconds),
    TZ: "UTC",
    MTOOLS_SKIP_CHECK: "1",
  };
  const execute = (argv: string[]) => run(argv, { env: environment, signal: options.signal, timeoutMs: 600_000 });
  await writeFile(options.path, "", { flag: "wx" });
  await truncate(options.path, sizeBytes);
  const volume = options.seed.subarray(0, 4).toString("hex");
  const hasVolume = options.args.includes("-i");
  await execute(["mkfs.fat", "--invariant", ...(hasVolume ? [] : ["-i", volume]), ...options.args, options.path]);
  const stage = join(options.workDirectory, "vfat");
  const pending: Array<{ node: DirectoryNode; path: string }> = [{ node: tree.root, path: "" }];
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    const { path } = next;
    const children = [...next.node.children]
      .filter(([name]) => !leftOut.has(`${path}/${name}`))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const directories = children.filter((child): child is [string, DirectoryNode] => child[1].type === "directory");
    for (const group of inGroups(directories)) {
      await execute(["mmd", "-i", options.path, ...group.map(([name]) => `::${text(`${path}/${name}`)}`)]);
    }
    pending.push(...directories.map(([name, node]) => ({ node, path: `${path}/${name}` })));
    const files = children.filter(child => child[1].type === "file");
    for (const group of inGroups(files)) {
      await mkdir(stage);
      try {
        for (const [name, node] of group) {
          if (node.type === "file")
            await writeFileNode(Buffer.from(join(stage, text(name))), { ...node, mode: 0o600 }, payloads);
        }
        const sources = group.map(([name]) => join(stage, text(name)));
        await execute(["mcopy", "-Q", "-m", "-i", options.path, ...sources, `::${text(path)}/`]);
      } catch (error) {
        if (!(error instanceof Problem) || !/full/i.test(JSON.stringify(error.details))) throw error;
        throw new Problem("build/too-small", {
          message: `the content does not fit a Vfat filesystem of ${sizeBytes / mebibyte} MiB`,
          cause: error,
        });
      } finally {
        await rm(stage, { recursive: true, force: true });
      }
    }
  }
}

interface Loss {
  path: string;
  message: string;
  /** The whole entry, not only a property of it. */
  isLeftOut: boolean;
}

/** Everything about a tree that FAT cannot hold. Files and directories of root with usual permissions are fine. */
export function vfatLosses(tree: Tree): Loss[] {
  const losses: Loss[] = [];
  const seen = new Set<TreeNode>();
  const names = new Map<string, string>();
  walk(tree, (path, node) => {
    const shown = text(path);
    const lose = (what: string, isLeftOut = false) => losses.push({ path, message: `${shown} ${what}`, isLeftOut });
    if (node.type !== "file" && node.type !== "directory") {
      lose(`is a ${node.type}`, true);
      return;
    }
    const name = text(path.slice(path.lastIndexOf("/") + 1));
    // oxlint-disable-next-line no-control-regex -- FAT names cannot contain them
    if (/[\u0000-\u001f"*:<>?\\|\ufffd]|[. ]$/.test(name) && path !== "/") {
      lose("has a name that FAT cannot hold", true);
      return;
    }
    const folded = shown.toLowerCase();
    const twin = names.get(folded);
    if (twin !== undefined) {
      lose(`differs from ${twin} by case only`, true);
      return;
    }
    names.set(folded, shown);
    if (node.type === "file" && node.size > maxFileBytes) lose(`has ${node.size} bytes; 4 GiB is too much`, true);
    if (node.type === "file" && seen.has(node)) lose("is a hard link and became a file of its own");
    seen.add(node);
    if (node.uid !== 0 || node.gid !== 0) lose(`belongs to ${node.uid}:${node.gid}`);
    const usual = node.type === "directory" ? [0o755] : [0o644, 0o755];
    if (!usual.includes(node.mode)) lose(`has the mode ${node.mode.toString(8).padStart(4, "0")}`);
    if (node.xattrs.size > 0) lose(`has extended attributes: ${[...node.xattrs.keys()].join(", ")}`);
  });
  // What lies below something that is left out goes with it.
  return losses;
}

function roomFor(tree: Tree): number {
  let bytes = 4 * mebibyte;
  walk(tree, (_path, node) => {
    bytes += 64 + (node.type === "file" ? Math.ceil(node.size / 32_768) * 32_768 : 32_768);
  });
  return Math.ceil((bytes * 1.1) / mebibyte) * mebibyte;
}

function inGroups<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / namesPerCommand) }, (_, index) =>
    items.slice(index * namesPerCommand, (index + 1) * namesPerCommand),
  );
}

function text(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
