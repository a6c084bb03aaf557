import type { Tree } from "../../images/tree.ts";
import { walk } from "../../images/tree-paths.ts";

/**
 * Sets every time after `latestSeconds` to it, in place. What a build touches carries the time of the build, and two
 * builds of one script would differ by nothing else.
 */
export function clampTimes(tree: Tree, latestSeconds: number): void {
  walk(tree, (_path, node) => {
    if (node.mtimeSeconds < latestSeconds) return;
    node.mtimeSeconds = latestSeconds;
    node.mtimeNanoseconds = 0;
  });
}
