import { accessSync, constants } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { Problem } from "../api/problems.ts";
import type { BuildPackage } from "./package/open-package.ts";
import { checkReferences } from "./package/references.ts";
import { hasErrors, inOrder, type ScriptFinding } from "./script/finding.ts";
import type { ParsedScript } from "./script/parse-script.ts";
import type { BuildScript, FilesystemPart } from "./script/schema.ts";

const tools: Record<FilesystemPart["type"], ReadonlyArray<readonly [tool: string, packageName: string]>> = {
  Ext4: [],
  Xfs: [["mkfs.xfs", "xfsprogs"]],
  Btrfs: [["mkfs.btrfs", "btrfs-progs"]],
  Squashfs: [["sqfstar", "squashfs-tools"]],
  Vfat: [
    ["mkfs.fat", "dosfstools"],
    ["mcopy", "mtools"],
    ["mmd", "mtools"],
  ],
};

export interface CheckBuildOptions {
  allowHostVolumes: boolean;
  env: NodeJS.ProcessEnv;
}

/** Everything that can be said about a package without an engine: the script, its references, the tools it needs. */
export function checkPackage(opened: BuildPackage, options: CheckBuildOptions): ScriptFinding[] {
  return inOrder([
    ...opened.parsed.findings,
    ...checkReferences(opened, options),
    ...checkTools(opened.parsed, options.env),
  ]);
}

function checkTools({ read, positionOf }: ParsedScript, env: NodeJS.ProcessEnv): ScriptFinding[] {
  if (read === undefined || !read.isRead(["filesystem", "type"]) || !read.isRead(["output", "format"])) return [];
  const { filesystem, output } = read.script;
  if (filesystem === undefined || (output?.format ?? "image") !== "image") return [];
  return tools[filesystem.type]
    .filter(([tool]) => !isInPath(tool, env))
    .map(([tool, packageName]) => ({
      code: "build/bad-value",
      severity: "error",
      path: "filesystem.type",
      ...positionOf(["filesystem", "type"]),
      message: `${filesystem.type} needs the program "${tool}", which is not installed`,
      hint: `It is in the package ${packageName}.`,
    }));
}

/** The script of a package without errors; `build/script-invalid` with all findings as its details otherwise. */
export function usableScript(opened: BuildPackage, findings: readonly ScriptFinding[]): BuildScript {
  const { script } = opened.parsed;
  if (script !== undefined && !hasErrors(findings)) return script;
  const errors = findings.filter(finding => finding.severity === "error");
  throw new Problem("build/script-invalid", {
    message: `${opened.scriptFile} has ${errors.length} ${errors.length === 1 ? "error" : "errors"}`,
    details: errors.map(
      ({ line, column, message }) => `${[opened.scriptFile, line, column].filter(Boolean).join(":")}: ${message}`,
    ),
  });
}

/** The absolute path of the output, once it is certain that it can be written there. */
export async function checkOutputPath(output: string, opened: BuildPackage, script: BuildScript): Promise<string> {
  const absolute = resolve(output);
  const unusable = (why: string) =>
    new Problem("build/destination-unusable", { message: `${output} cannot be written: ${why}` });
  const parent = dirname(absolute);
  const existing = await stat(absolute).catch(() => undefined);
  if (existing !== undefined && !existing.isFile()) throw unusable("something that is no file is there already");
  if (existing !== undefined && script.output?.format === "oci")
    throw unusable("an OCI layout is a directory, and a file is there already");
  if (existing !== undefined && (await realpath(absolute)) === (await realpath(opened.path)))
    throw unusable("it is the package itself");
  try {
    accessSync(parent, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw unusable(`the directory ${parent} does not exist or is not writable (${(cause as Error).message})`);
  }
  return absolute;
}

function isInPath(tool: string, env: NodeJS.ProcessEnv): boolean {
  // Programs are started with these as well: users may have no sbin in their PATH.
  return [...(env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"].some(directory => {
    try {
      accessSync(join(directory, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
