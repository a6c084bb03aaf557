import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Problem } from "../api/problems.ts";
import { lookUp } from "../images/tree-paths.ts";
import type { TreeNode } from "../images/tree.ts";
import type { Mount } from "./engine/engine.ts";
import type { BuildPackage } from "./package/open-package.ts";
import { normalPath } from "./script/check-script.ts";
import type { BuildScript } from "./script/schema.ts";
import { fileChunks } from "./tree/file-chunks.ts";
import { writeDirectory, writeFileNode } from "./tree/write-directory.ts";

/** Where the container sees the scripts; removed from what is exported. */
export const scriptsMount = "/__scripts";
const waiter = ".labyard/busybox";
/** Waits without using the processor, and ends at once when it is told to: PID 1 has no default for TERM. */
const waitScript = 'trap "exit 0" TERM INT; while :; do "$0" sleep 3600 & wait $!; done';

export interface BuildMounts {
  mounts: Mount[];
  /** Keeps the container alive. */
  waitArgv: string[];
  /** The path in the container of what command number `index` executes; undefined for a plain command. */
  scriptOf: (index: number) => string | undefined;
}

/**
 * Puts everything that the container sees of the package into the work directory: scripts, mounted overlays, volumes.
 * The container gets copies, so nothing it does reaches the package.
 */
export async function prepareMounts(
  script: BuildScript,
  opened: BuildPackage,
  workDirectory: string,
  options: { busybox: string; allowHostVolumes: boolean; onWarning: (message: string) => void },
): Promise<BuildMounts> {
  const scripts = join(workDirectory, "scripts");
  await mkdir(join(scripts, dirname(waiter)), { recursive: true });
  await chmod(workDirectory, 0o711);
  await copyFile(options.busybox, join(scripts, waiter)).catch((cause: Error) => {
    throw new Problem("host/tool-missing", {
      message: `a static busybox is needed at ${options.busybox}: ${cause.message}`,
      hint: "It is in the package busybox-static.",
    });
  });
  await chmod(join(scripts, waiter), 0o555);
  const paths = new Map<number, string>();
  for (const [index, command] of script.commands.entries()) {
    // A directory of its own for each: equal names and equal scripts do not meet.
    const own = join(scripts, String(index));
    if (command.script_inline !== undefined) {
      await mkdir(own);
      await writeFile(join(own, "script"), command.script_inline);
      // Readable as well, because an interpreter that is not root's has to open it.
      await chmod(join(own, "script"), 0o555);
      paths.set(index, `${scriptsMount}/${index}/script`);
    } else if (command.script_path !== undefined) {
      const node = nodeAt(opened, command.script_path);
      if (node.type !== "file") throw new Error(`${command.script_path} was checked to be a file`);
      if ((node.mode & 0o111) === 0)
        options.onWarning(`${command.script_path} is not executable; it is run nevertheless`);
      const [first] = fileChunks(node, opened.payloads);
      if (first?.toString("latin1", 0, 2) !== "#!" && first?.toString("latin1", 0, 4) !== "\x7fELF")
        options.onWarning(`${command.script_path} does not begin with "#!" and an interpreter`);
      const target = normalPath(command.script_path);
      await mkdir(join(own, dirname(target)), { recursive: true });
      await writeFileNode(Buffer.from(join(own, target)), { ...node, mode: 0o555 }, opened.payloads);
      paths.set(index, `${scriptsMount}/${index}${target}`);
    }
  }
  const mounts: Mount[] = [{ source: scripts, target: scriptsMount, readOnly: true }];
  const copies = join(workDirectory, "mounts");
  await mkdir(copies);
  const materialise = async (node: TreeNode): Promise<string> => {
    const path = join(copies, String(mounts.length));
    if (node.type === "directory") await writeDirectory(Buffer.from(path), node, opened.payloads);
    else if (node.type === "file") await writeFileNode(Buffer.from(path), node, opened.payloads);
    return path;
  };
  for (const overlay of script.overlays) {
    if (!overlay.mounted) continue;
    let source: string;
    if (overlay.source_inline === undefined) source = await materialise(nodeAt(opened, overlay.source as string));
    else {
      source = join(copies, String(mounts.length));
      await writeFile(source, overlay.source_inline);
    }
    mounts.push({ source, target: normalPath(overlay.destination), readOnly: false });
  }
  for (const [reference, text] of Object.entries(script.container.volumes)) {
    const [target, mode] = text.split(":") as [string, string?];
    const found = lookUp(opened.tree, Buffer.from(reference).toString("latin1"));
    // The package comes first; a path of the host only counts where the caller said so.
    if (found === undefined && !options.allowHostVolumes) throw new Error(`${reference} was checked to exist`);
    mounts.push({
      source: found === undefined ? reference : await materialise(found.node),
      target,
      readOnly: mode === "ro",
    });
  }
  return {
    mounts,
    waitArgv: [`${scriptsMount}/${waiter}`, "sh", "-c", waitScript, `${scriptsMount}/${waiter}`],
    scriptOf: index => paths.get(index),
  };
}

export function nodeAt(opened: BuildPackage, reference: string): TreeNode {
  const found = lookUp(opened.tree, Buffer.from(reference).toString("latin1"));
  if (found === undefined) throw new Error(`${reference} was checked to exist`);
  return found.node;
}
