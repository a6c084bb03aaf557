import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { PayloadSource, Tree, TreeNode } from "../../images/tree.ts";
import { walk } from "../../images/tree-paths.ts";
import { fileChunks } from "./file-chunks.ts";

/** 32 bytes that change with anything in a tree: names, metadata, links, content. */
export async function contentDigest(tree: Tree, payloads: PayloadSource, signal?: AbortSignal): Promise<Buffer> {
  const hash = createHash("sha256");
  const numbers = new Map<TreeNode, number>();
  const nodes: Array<[string, TreeNode]> = [];
  walk(tree, (path, node) => nodes.push([path, node]));
  let sinceYield = 0;
  for (const [path, node] of nodes) {
    const known = numbers.get(node);
    if (node.type !== "directory") numbers.set(node, known ?? numbers.size);
    hash.update(`${JSON.stringify(describe(path, node, known))}\n`);
    if (known !== undefined || node.type !== "file") continue;
    for (const chunk of fileChunks(node, payloads)) {
      hash.update(chunk);
      sinceYield += chunk.length;
    }
    if (sinceYield < 8 * 1024 * 1024) continue;
    sinceYield = 0;
    await setImmediate();
    signal?.throwIfAborted();
  }
  return hash.digest();
}

function describe(path: string, node: TreeNode, linkOf: number | undefined): unknown[] {
  if (linkOf !== undefined) return [path, "link", linkOf];
  const { type, mode, uid, gid, mtimeSeconds, mtimeNanoseconds, xattrs } = node;
  const attributes = [...xattrs]
    .map(([name, value]) => [name, value.toString("hex")] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const own =
    node.type === "file"
      ? [node.size]
      : node.type === "symlink"
        ? [node.target.toString("hex")]
        : node.type === "chardev" || node.type === "blockdev"
          ? [node.major, node.minor]
          : [];
  return [path, type, mode, uid, gid, mtimeSeconds, mtimeNanoseconds, attributes, ...own];
}
