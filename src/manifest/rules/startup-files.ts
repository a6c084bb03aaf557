import { limits } from "../limits.ts";
import { shorten } from "../read/source-tree.ts";
import type { Incomplete, StartupFile } from "../schema.ts";
import { forEachAt, nameOf, type RuleContext } from "./context.ts";
import { byteLength, excessOfPath, hasControlCharacters, isBelow, isLoginName, isNormalisedPath } from "./names.ts";

const pseudoFilesystems = ["/proc", "/sys", "/dev"];

export function checkStartupFiles(context: RuleContext): void {
  forEachAt(context.spec.machines, "playground.machines", (machine, machinePath, machineIndex) => {
    const path = `${machinePath}.startupFiles`;
    const files = machine.startupFiles ?? [];
    if (files.length > limits.startupFilesMax) {
      const label = nameOf(machine, machineIndex);
      const message = `machine ${label} has ${files.length} startup files, the limit is ${limits.startupFilesMax}`;
      context.error("manifest/startup-file-count", path, message);
    }
    // Files of the base come first and have been checked with it; the document's own keep the paths they have there.
    const own = files.slice(context.inheritedFiles[machineIndex] ?? 0);
    forEachAt(own, path, (file, at, index) => {
      checkPath(context, file, at, index);
      checkContent(context, file, at);
      checkOwner(context, file, at);
    });
  });
}

function checkPath(context: RuleContext, { path }: Incomplete<StartupFile>, at: string, index: number): void {
  const refuse = (why: string) =>
    context.error("manifest/startup-file-path", `${at}.path`, why, path === undefined ? {} : { value: path });
  if (context.isMissing(`${at}.path`, path)) return refuse(`startup file ${index + 1} has no path`);
  if (path === undefined || path === "") return;
  const label = `startup file path "${shorten(path)}"`;
  const excess = excessOfPath(path);
  if (excess !== undefined) return refuse(`${label} ${excess}`);
  if (!path.startsWith("/")) return refuse(`${label} must be absolute`);
  if (path.endsWith("/")) return refuse(`${label} names a directory, not a file`);
  if (!isNormalisedPath(path) || hasControlCharacters(path)) {
    return refuse(`${label} must be written without "//", "." and ".."`);
  }
  const pseudo = isBelow(path, pseudoFilesystems);
  if (pseudo !== undefined) refuse(`${label} lies in ${pseudo}, which holds no files`);
}

function checkContent(context: RuleContext, file: Incomplete<StartupFile>, at: string): void {
  const { content } = file;
  const label = `startup file "${shorten(file.path ?? "?")}"`;
  // An empty text is content: it makes an empty file.
  if (content === undefined && context.isMissing(`${at}.content`, content)) {
    context.error("manifest/startup-file-content", `${at}.content`, `${label} has no content`);
  }
  const bytes = byteLength(content);
  if (bytes > limits.startupFileBytesMax) {
    const message = `the content of ${label} has ${bytes} bytes, the limit is ${limits.startupFileBytesMax}`;
    context.error("manifest/startup-file-content", `${at}.content`, message);
  }
}

function checkOwner(context: RuleContext, { owner }: Incomplete<StartupFile>, at: string): void {
  if (owner === undefined) return;
  const parts = owner.split(":");
  const isAccount = (part: string) => /^\d{1,10}$/.test(part) || isLoginName(part);
  if (parts.length <= 2 && parts.every(isAccount)) return;
  context.error(
    "manifest/startup-file-owner",
    `${at}.owner`,
    `owner "${shorten(owner)}" is not user, user:group or uid[:gid]`,
    { value: owner },
  );
}
