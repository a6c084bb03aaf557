import type { FileNode, PayloadSource, Tree } from "../images/tree.ts";
import { lookUp } from "../images/tree-paths.ts";
import type { OnBuildEvent } from "./build-event.ts";
import { nodeAt, scriptsMount } from "./build-mounts.ts";
import type { BuildPackage } from "./package/open-package.ts";
import type { BuildScript } from "./script/schema.ts";
import { overlayDirectory, overlayFile } from "./tree/apply-overlay.ts";
import { clampTimes } from "./tree/clamp-times.ts";
import { CombinedPayloads } from "./tree/combined-payloads.ts";
import { HostFiles } from "./tree/host-files.ts";
import { mapDirectory } from "./tree/map-nodes.ts";
import { components } from "./tree/resolve-directory.ts";
import { selectExport } from "./tree/select-export.ts";

/** What an engine leaves in every container; in a machine it would look like one. */
const engineMarkers = ["/.dockerenv", "/run/.containerenv"];

/**
 * The tree of the image: what the script exports of the container, then all overlays in the order of the script.
 * The container's tree is used up by it.
 */
export function assembleTree(
  script: BuildScript,
  opened: BuildPackage,
  container: { tree: Tree; payloads: PayloadSource },
  options: { latestSeconds: number; onEvent: OnBuildEvent },
): { tree: Tree; payloads: PayloadSource } {
  const payloads = new CombinedPayloads();
  // The first source keeps its numbers.
  payloads.add(container.payloads);
  const fromPackage = payloads.add(opened.payloads);
  const inline = new HostFiles();
  const fromInline = payloads.add(inline);

  for (const path of [scriptsMount, ...engineMarkers]) remove(container.tree, path);
  let tree = container.tree;
  if (script.export !== undefined) tree = selectExport(container.tree, script.export);
  else if (script.version === 1) tree = { root: { ...container.tree.root, children: new Map() } };

  for (const overlay of script.overlays) {
    options.onEvent({ kind: "detail", message: `Applying overlay to ${overlay.destination}` });
    const owner = {
      mode: overlay.mode === undefined ? undefined : Number.parseInt(overlay.mode, 8),
      uid: overlay.uid,
      gid: overlay.gid,
    };
    if (overlay.source_inline !== undefined) {
      const bytes = Buffer.from(overlay.source_inline);
      const file: FileNode = {
        type: "file",
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtimeSeconds: options.latestSeconds,
        mtimeNanoseconds: 0,
        xattrs: new Map(),
        size: bytes.length,
        payload: inline.addBytes(bytes),
      };
      overlayFile(tree, overlay.destination, fromInline(file), owner);
      continue;
    }
    const node = nodeAt(opened, overlay.source as string);
    // When a package was unpacked or checked out says nothing about the image.
    const prepared = <T extends typeof node>(part: T): T =>
      fromPackage({ ...part, mtimeSeconds: options.latestSeconds, mtimeNanoseconds: 0 });
    if (node.type === "directory") {
      const content = mapDirectory(node, prepared, new Map());
      overlayDirectory(tree, overlay.destination, content, owner);
    } else if (node.type === "file") overlayFile(tree, overlay.destination, prepared(node), owner);
  }
  clampTimes(tree, options.latestSeconds);
  if (lookUp(tree, "/sbin/init") === undefined) {
    const message = "the image has no /sbin/init: a machine can only boot it with a kernel argument that names another";
    options.onEvent({ kind: "warning", message });
  }
  return { tree, payloads };
}

function remove(tree: Tree, path: string): void {
  const parts = components(path);
  const parent = lookUp(tree, parts.slice(0, -1).join("/"))?.node;
  if (parent?.type === "directory") parent.children.delete(parts.at(-1) as string);
}
