import { posix } from "node:path";
import { type Elf, machineX86_64, readElf } from "../elf.ts";
import type { FileNode } from "../tree.ts";
import type { ImageView } from "./image-view.ts";
import { libraryDirectories } from "./library-directories.ts";

/** A program with more libraries than this is not looked at further. */
const maxLibraries = 500;
const maxIncludeDepth = 5;
const maxFiles = 200;

/** Why the program cannot run in this image, or undefined: as the kernel and then the dynamic loader see it. */
export function programFault(image: ImageView, path: string): string | undefined {
  const found = image.find(path);
  if (found === undefined) return "does not exist";
  if (found.node.type !== "file") return "is not a file";
  if ((found.node.mode & 0o111) === 0) return "is not executable";
  const file = found.node;
  const head = image.read(file, 0, 256);
  if (head.toString("latin1", 0, 2) === "#!") {
    const [interpreter = ""] = (head.toString("utf8", 2).split("\n")[0] ?? "").trim().split(/\s/);
    return image.exists(interpreter) ? undefined : `needs ${interpreter || "an interpreter"}, which does not exist`;
  }
  const elf = elfOf(image, file);
  if (elf === undefined) return "is not a program";
  if (elf.machine !== machineX86_64 || !elf.is64Bit) return "is not built for amd64";
  if (elf.interpreter === undefined) return undefined;
  if (!image.exists(elf.interpreter)) return `needs the loader ${elf.interpreter}, which does not exist`;
  return missingLibrary(image, found.path, elf);
}

/** Whether the program is linked to a library of this name ("libpam.so"); undefined when it is no program. */
export function isLinkedTo(image: ImageView, path: string, library: string): boolean | undefined {
  const node = image.find(path)?.node;
  const elf = node?.type === "file" ? elfOf(image, node) : undefined;
  return elf?.needed.some(name => name.startsWith(library));
}

/** Whether the image's own programs use musl instead of the GNU C library. */
export function usesMusl(image: ImageView): boolean {
  const node = image.find("/bin/sh")?.node;
  return node?.type === "file" && isMusl(elfOf(image, node));
}

function isMusl(elf: Elf | undefined): boolean {
  return /\/ld-musl-/.test(elf?.interpreter ?? "");
}

function elfOf(image: ImageView, file: FileNode): Elf | undefined {
  return readElf((offset, length) => image.read(file, offset, length));
}

function missingLibrary(image: ImageView, path: string, program: Elf): string | undefined {
  const isForMusl = isMusl(program);
  const directories = isForMusl ? muslDirectories(image) : glibcDirectories(image);
  const seen = new Set<string>();
  // An RPATH of the program counts for its libraries too.
  let inherited: string[] = [];
  const pending = [{ path, elf: program }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const origin = posix.dirname(next.path);
    const own = next.elf.searchPath.map(directory => directory.replaceAll(/\$ORIGIN|\$\{ORIGIN\}/g, origin));
    if (next.elf === program) inherited = own;
    for (const name of next.elf.needed) {
      if (seen.has(name) || seen.size >= maxLibraries) continue;
      seen.add(name);
      // The C library of musl is its loader.
      if (isForMusl && /^(libc\.musl-|libc\.so$|ld-musl-)/.test(name)) continue;
      const library = name.includes("/")
        ? name
        : image.firstOf(...[...own, ...inherited, ...directories].map(dir => `${dir}/${name}`));
      const found = library === undefined ? undefined : image.find(library);
      if (found?.node.type !== "file") {
        return next.elf === program
          ? `needs ${name}, which does not exist`
          : `needs ${name} (for ${next.path}), which does not exist`;
      }
      const elf = elfOf(image, found.node);
      if (elf === undefined || !elf.is64Bit || elf.machine !== machineX86_64) {
        return `needs ${name}, but ${found.path} is no library for amd64`;
      }
      pending.push({ path: found.path, elf });
    }
  }
  return undefined;
}

function muslDirectories(image: ImageView): string[] {
  const configured = image.text("/etc/ld-musl-x86_64.path");
  return configured === undefined
    ? ["/lib", "/usr/local/lib", "/usr/lib"]
    : configured.split(/[\n:]/).filter(directory => directory !== "");
}

function glibcDirectories(image: ImageView): string[] {
  return [...configuredDirectories(image, "/etc/ld.so.conf"), ...libraryDirectories];
}

/** The budget is for all files together: patterns that include each other would multiply. */
function configuredDirectories(image: ImageView, file: string, depth = 0, budget = { files: maxFiles }): string[] {
  if (depth > maxIncludeDepth || budget.files-- <= 0) return [];
  return image.lines(file).flatMap(line => {
    const [, pattern] = /^include\s+(\S+)/.exec(line) ?? [];
    if (pattern === undefined) return line.startsWith("/") ? [line] : [];
    return expand(image, pattern.startsWith("/") ? pattern : `/etc/${pattern}`).flatMap(included =>
      configuredDirectories(image, included, depth + 1, budget),
    );
  });
}

/** Files that a pattern with "*" in its last part stands for. */
export function expand(image: ImageView, pattern: string): string[] {
  const slash = pattern.lastIndexOf("/");
  const [directory, last] = [pattern.slice(0, slash), pattern.slice(slash + 1)];
  if (!last.includes("*")) return [pattern];
  const parts = last.split("*");
  const [first = "", end = ""] = [parts[0], parts.at(-1)];
  return image
    .names(directory)
    .filter(name => name.length >= first.length + end.length && name.startsWith(first) && name.endsWith(end))
    .map(name => `${directory}/${name}`);
}
