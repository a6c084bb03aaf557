import { formatPath, type KeyPath, type ScriptFinding } from "./finding.ts";
import { argumentPath, readExt4Arguments, readSquashfsArguments, readVfatArguments } from "./mkfs-args.ts";
import { readBtrfsArguments, readXfsArguments } from "./mkfs-foreign-args.ts";
import type { ReadScript } from "./read-script.ts";
import type { BuildScript, CommandPart, FilesystemPart, OverlayPart } from "./schema.ts";

type PositionOf = (path: KeyPath) => { line?: number; column?: number };

/** Collects findings with the place of what they are about. What could not be read gets no second one. */
class Collector {
  readonly findings: ScriptFinding[] = [];
  readonly positionOf: PositionOf;
  readonly #isRead: ReadScript["isRead"];

  constructor(isRead: ReadScript["isRead"], positionOf: PositionOf) {
    this.#isRead = isRead;
    this.positionOf = positionOf;
  }

  /** Whether these keys mean what they seem to: their values, and also that they are not there. */
  knows(table: KeyPath, ...keys: Array<string | number>): boolean {
    return keys.every(key => this.#isRead([...table, key]));
  }

  add(severity: ScriptFinding["severity"], code: ScriptFinding["code"], path: KeyPath, message: string, hint?: string) {
    if (!this.#isRead(path)) return;
    const place = { path: formatPath(path), ...this.positionOf(path) };
    this.findings.push({ severity, code, ...place, message, ...(hint === undefined ? {} : { hint }) });
  }

  error(path: KeyPath, message: string, hint?: string): void {
    this.add("error", "build/bad-value", path, message, hint);
  }

  /** Two keys that exclude each other, with the places of both. */
  conflict(paths: KeyPath[], message: string): void {
    const places = paths.map(path => `${formatPath(path)} (line ${this.positionOf(path).line ?? "?"})`);
    this.add("error", "build/conflict", paths[1] as KeyPath, `${message}: ${places.join(", ")}`);
  }
}

/** The rules that tie the keys of a script to each other; needs neither its package nor this host. */
export function checkScript({ script, isRead }: ReadScript, positionOf: PositionOf): ScriptFinding[] {
  const collect = new Collector(isRead, positionOf);
  checkOutput(script, collect);
  checkContainer(script, collect);
  for (const [index, command] of script.commands.entries()) checkCommand(command, ["commands", index], collect);
  for (const [index, overlay] of script.overlays.entries()) checkOverlay(overlay, ["overlays", index], collect);
  checkDestinations(script, collect);
  checkExport(script, collect);
  return collect.findings;
}

function checkOutput(script: BuildScript, collect: Collector): void {
  const { filesystem, output } = script;
  if (filesystem === undefined) {
    if ((output?.format ?? "image") === "image" && collect.knows(["output"], "format"))
      collect.add("error", "build/missing-key", ["filesystem"], '"filesystem" is missing');
    return;
  }
  if (output !== undefined && output.format !== "image") {
    collect.add("warning", "build/no-effect", ["filesystem"], `an output as ${output.format} has no filesystem`);
    return;
  }
  checkFilesystem(filesystem, collect);
}

function checkFilesystem(filesystem: FilesystemPart, collect: Collector): void {
  const { size_mib: size, block_size_mib: block, type } = filesystem;
  if (size === undefined && filesystem.size === undefined && collect.knows(["filesystem"], "size_mib", "size")) {
    collect.add("error", "build/missing-key", ["filesystem", "size_mib"], '"filesystem.size_mib" is missing');
  }
  if (size !== undefined && filesystem.size !== undefined) {
    collect.conflict(
      [
        ["filesystem", "size_mib"],
        ["filesystem", "size"],
      ],
      "a filesystem has one size",
    );
  }
  if (size === 0) collect.error(["filesystem", "size_mib"], "size_mib is 0");
  if (block === 0) collect.error(["filesystem", "block_size_mib"], "block_size_mib is 0");
  else if (block !== undefined && size !== undefined && size % block !== 0) {
    collect.error(
      ["filesystem", "block_size_mib"],
      `size_mib (${size}) is not a multiple of block_size_mib (${block})`,
    );
  }
  if (filesystem.dd_args.length > 0) {
    collect.add("warning", "build/no-effect", ["filesystem", "dd_args"], "dd_args has no effect: dd is not used");
  }
  if (!collect.knows(["filesystem"], "type")) return;
  if (filesystem.lossy && type !== "Vfat") {
    collect.add("warning", "build/no-effect", ["filesystem", "lossy"], `lossy has no effect: ${type} loses nothing`);
  }
  const read = {
    ...{ Ext4: readExt4Arguments, Squashfs: readSquashfsArguments, Vfat: readVfatArguments },
    ...{ Xfs: readXfsArguments, Btrfs: readBtrfsArguments },
  };
  for (const { index, message } of read[type](filesystem.mkfs_args).problems) {
    // What follows may be its value.
    if (collect.knows(["filesystem", "mkfs_args"], index + 1)) collect.error(argumentPath(index), message);
  }
}

function checkContainer({ container }: BuildScript, collect: Collector): void {
  const { image, connection_uri: uri } = container;
  if (/[\s@]/.test(image.name)) collect.error(["container", "image", "name"], `"${image.name}" is not an image name`);
  if (image.tag !== undefined && !/^\w[\w.-]{0,127}$/.test(image.tag))
    collect.error(["container", "image", "tag"], `"${image.tag}" is not a tag`);
  if (image.digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(image.digest))
    collect.error(["container", "image", "digest"], `"${image.digest}" is not sha256: and 64 hex digits`);
  if (image.platform !== undefined && !/^[a-z0-9]+\/[a-z0-9]+(\/[a-z0-9]+)?$/.test(image.platform))
    collect.error(
      ["container", "image", "platform"],
      `"${image.platform}" is not os/architecture or os/architecture/variant`,
    );
  if (image.tag === undefined && image.digest === undefined && collect.knows(["container", "image"], "tag", "digest"))
    collect.add("error", "build/missing-key", ["container", "image"], "the image needs a tag or a digest");
  const knowsEngine = collect.knows(["container"], "engine");
  if (uri !== undefined && knowsEngine) {
    if (container.engine === "Podman" && !uri.startsWith("unix://"))
      collect.error(["container", "connection_uri"], `Podman is reached by unix://, not by "${uri}"`);
    if (container.engine === "Docker" && !/^(http:\/\/.|unix:\/\/\/|\/)/.test(uri))
      collect.error(["container", "connection_uri"], `Docker is reached by http:// or a local socket, not by "${uri}"`);
  }
  if (container.timeout !== undefined && container.engine === "Docker" && knowsEngine)
    collect.add("warning", "build/no-effect", ["container", "timeout"], "timeout has no effect: only Podman knows it");
  checkEnvironment(container.env, ["container", "env"], collect);
  for (const [source, target] of Object.entries(container.volumes)) {
    const path = ["container", "volumes", source];
    if (!source.startsWith("/")) collect.error(path, `the volume source "${source}" is not an absolute path`);
    if (!/^\/[^:]*(:r[ow])?$/.test(target)) collect.error(path, `"${target}" is not an absolute path in the container`);
  }
}

function checkEnvironment(env: Record<string, string>, path: KeyPath, collect: Collector): void {
  for (const [name, value] of Object.entries(env)) {
    if (name === "" || /[=\0]/.test(name)) collect.error([...path, name], `"${name}" is not the name of a variable`);
    if (value.includes("\0")) collect.error([...path, name], `the value of ${name} contains a NUL character`);
  }
}

function checkCommand(command: CommandPart, path: KeyPath, collect: Collector): void {
  const forms = (["command", "script_path", "script_inline"] as const).filter(form => command[form] !== undefined);
  if (forms.length === 0) {
    const message = "a command needs one of command, script_path and script_inline";
    if (collect.knows(path, "command", "script_path", "script_inline"))
      collect.add("error", "build/missing-key", path, message);
  } else if (forms.length > 1) {
    collect.conflict(
      forms.map(form => [...path, form]),
      "a command has exactly one form",
    );
  }
  if (command.command !== undefined) {
    if (command.command.trim() === "") collect.error([...path, "command"], "the command is empty");
    else if (/["'`]/.test(command.command) && !command.shell && collect.knows(path, "shell")) {
      const message = "the command is split at white space: quotes are passed on as they are";
      collect.add(
        "warning",
        "build/doubtful",
        [...path, "command"],
        message,
        "Use script_inline for anything that needs a shell.",
      );
    }
  } else if (command.shell !== undefined && collect.knows(path, "command")) {
    collect.error([...path, "shell"], "shell belongs to command; a script names its interpreter in its first line");
  }
  if (typeof command.shell === "string" && !command.shell.startsWith("/"))
    collect.error([...path, "shell"], `the shell "${command.shell}" is not an absolute path`);
  if (command.script_inline !== undefined && !command.script_inline.startsWith("#!")) {
    const message = 'the script does not begin with "#!" and an interpreter';
    collect.error([...path, "script_inline"], message, "Begin it with a line such as #!/bin/sh.");
  }
  if (command.script_path !== undefined) checkReferencePath(command.script_path, [...path, "script_path"], collect);
  if (command.gid !== undefined && command.uid === undefined && collect.knows(path, "uid"))
    collect.error([...path, "gid"], "gid without uid", "Write uid as well.");
  if (command.user !== undefined && command.uid !== undefined)
    collect.conflict(
      [
        [...path, "user"],
        [...path, "uid"],
      ],
      "a command runs as one user",
    );
  if (command.user !== undefined && !/^[^\s:]+(:[^\s:]+)?$/.test(command.user))
    collect.error([...path, "user"], `"${command.user}" is not "name" or "name:group"`);
  if (command.working_dir !== undefined && !command.working_dir.startsWith("/"))
    collect.error([...path, "working_dir"], `the working directory "${command.working_dir}" is not an absolute path`);
  checkEnvironment(command.env, [...path, "env"], collect);
}

function checkReferencePath(reference: string, path: KeyPath, collect: Collector): void {
  if (!reference.startsWith("/")) {
    const hint = "References begin with / and are looked up in the root of the package.";
    collect.error(path, `"${reference}" is not absolute`, hint);
  }
}

function checkOverlay(overlay: OverlayPart, path: KeyPath, collect: Collector): void {
  if (
    overlay.source === undefined &&
    overlay.source_inline === undefined &&
    collect.knows(path, "source", "source_inline")
  )
    collect.add("error", "build/missing-key", path, "an overlay needs source or source_inline");
  if (overlay.source !== undefined && overlay.source_inline !== undefined)
    collect.conflict(
      [
        [...path, "source"],
        [...path, "source_inline"],
      ],
      "an overlay has one source",
    );
  if (overlay.source !== undefined) checkReferencePath(overlay.source, [...path, "source"], collect);
  if (overlay.source_inline !== undefined && overlay.is_directory)
    collect.conflict(
      [
        [...path, "source_inline"],
        [...path, "is_directory"],
      ],
      "inline content is a file",
    );
  checkImagePath(overlay.destination, [...path, "destination"], collect);
  const isRoot = normalPath(overlay.destination) === "/";
  if (isRoot && !overlay.is_directory && collect.knows(path, "is_directory"))
    collect.error([...path, "destination"], "a file cannot become the root of the image");
}

/** Paths in the image and in the container mean the same with and without a slash in front. */
function checkImagePath(text: string, path: KeyPath, collect: Collector): void {
  if (text === "") collect.error(path, "the path is empty");
  else if (text.split("/").includes("..")) collect.error(path, `"${text}" contains ".."`);
  else if (text.includes("\0")) collect.error(path, "the path contains a NUL character");
  else if (text.split("/").some(part => Buffer.byteLength(part) > 255))
    collect.error(path, "a name in the path is longer than 255 bytes");
}

export function normalPath(text: string): string {
  return `/${text
    .split("/")
    .filter(part => part !== "" && part !== ".")
    .join("/")}`;
}

function checkDestinations(script: BuildScript, collect: Collector): void {
  const seen = new Map<string, number>();
  for (const [index, { destination, is_directory: isDirectory }] of script.overlays.entries()) {
    if (!collect.knows(["overlays", index], "destination", "is_directory")) continue;
    const normal = normalPath(destination);
    const before = seen.get(normal);
    if (before !== undefined && !isDirectory) {
      const message = `overlays[${before}] has the same destination ${normal}; the later one wins`;
      collect.add("warning", "build/doubtful", ["overlays", index, "destination"], message);
    }
    seen.set(normal, index);
  }
}

function checkExport(script: BuildScript, collect: Collector): void {
  if (script.export === undefined) {
    if (script.version === 2 || !collect.knows([], "export")) return;
    const message = "without an export table the image contains only the overlays";
    collect.add(
      "warning",
      "build/doubtful",
      [],
      message,
      "List what to take over in [export.files] and [export.directories].",
    );
    return;
  }
  const kinds = new Map<string, { kind: "files" | "directories"; path: KeyPath }>();
  for (const kind of ["directories", "files"] as const) {
    for (const list of ["include", "create"] as const) {
      for (const [index, text] of script.export[kind][list].entries()) {
        const path = ["export", kind, list, index];
        if (!collect.knows(["export", kind, list], index)) continue;
        checkImagePath(text, path, collect);
        const normal = normalPath(text);
        if (normal === "/" && kind === "files") collect.error(path, "the root is not a file");
        const other = kinds.get(normal);
        if (other !== undefined && other.kind !== kind)
          collect.conflict([other.path, path], `${normal} is listed as a file and as a directory`);
        kinds.set(normal, { kind, path });
      }
    }
  }
}
