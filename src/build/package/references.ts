import { lookUp } from "../../images/tree-paths.ts";
import { formatPath, type KeyPath, type ScriptFinding } from "../script/finding.ts";
import type { BuildScript } from "../script/schema.ts";
import type { BuildPackage } from "./open-package.ts";

/** A path of a script that means a file of its package. */
export interface Reference {
  path: KeyPath;
  target: string;
  kind: "script" | "file" | "directory" | "volume";
}

export function referencesOf(script: BuildScript): Reference[] {
  const references: Reference[] = [];
  for (const [index, { script_path: target }] of script.commands.entries()) {
    if (target !== undefined) references.push({ path: ["commands", index, "script_path"], target, kind: "script" });
  }
  for (const [index, overlay] of script.overlays.entries()) {
    if (overlay.source === undefined) continue;
    const kind = overlay.is_directory ? "directory" : "file";
    references.push({ path: ["overlays", index, "source"], target: overlay.source, kind });
  }
  for (const target of Object.keys(script.container.volumes))
    references.push({ path: ["container", "volumes", target], target, kind: "volume" });
  return references;
}

/** Every reference that the package cannot satisfy. Nothing outside the package is looked at. */
export function checkReferences(
  opened: Pick<BuildPackage, "kind" | "parsed" | "tree">,
  options: { allowHostVolumes: boolean },
): ScriptFinding[] {
  const { read, positionOf } = opened.parsed;
  if (read === undefined) return [];
  return referencesOf(read.script).flatMap(({ path, target, kind }): ScriptFinding[] => {
    const place = { severity: "error", path: formatPath(path), ...positionOf(path) } as const;
    if (kind === "volume" && options.allowHostVolumes) return [];
    // The script has a finding about these already.
    if (!target.startsWith("/")) return [];
    const found = lookUp(opened.tree, Buffer.from(target).toString("latin1"));
    if (opened.kind === "build-script" && found === undefined) {
      const message = `"${target}" is a file of a package, but the script stands alone`;
      const hint = "Put the script as build.toml into a directory with the file, or pack it.";
      return [{ ...place, code: "build/missing-reference", message, hint: kind === "volume" ? hostHint : hint }];
    }
    if (found === undefined) {
      const message = `"${target}" does not exist in the package`;
      return [{ ...place, code: "build/missing-reference", message, ...(kind === "volume" ? { hint: hostHint } : {}) }];
    }
    const { type } = found.node;
    const mayBeEither = kind === "volume" || !read.isRead([...path.slice(0, -1), "is_directory"]);
    const fits = mayBeEither
      ? type === "file" || type === "directory"
      : type === (kind === "directory" ? kind : "file");
    if (fits) return [];
    const wanted = kind === "directory" ? "a directory" : "a file";
    const hint = type === "directory" && kind === "file" ? { hint: "Write is_directory = true." } : {};
    return [{ ...place, code: "build/bad-value", message: `"${target}" is a ${type}, not ${wanted}`, ...hint }];
  });
}

const hostHint = "Only files of the package are mounted; with --allow-host-volumes it means this host.";
