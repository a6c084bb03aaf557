import { Problem } from "../api/problems.ts";
import { BoundedTail } from "../lib/bounded-tail.ts";
import type { OnBuildEvent } from "./build-event.ts";
import type { BuildMounts } from "./build-mounts.ts";
import type { Engine } from "./engine/engine.ts";
import type { BuildPackage } from "./package/open-package.ts";
import { formatPath } from "./script/finding.ts";
import type { BuildScript, CommandPart } from "./script/schema.ts";

const keptOutputBytes = 16 * 1024;
const shownLines = 20;

/** Executes the commands of a script in order in a running container; the first that fails ends it, with its output. */
export async function runCommands(
  engine: Engine,
  containerId: string,
  script: BuildScript,
  context: { opened: BuildPackage; scriptOf: BuildMounts["scriptOf"]; signal: AbortSignal; onEvent: OnBuildEvent },
): Promise<void> {
  const { opened, scriptOf, signal, onEvent } = context;
  for (const [index, command] of script.commands.entries()) {
    const argv = argvOf(command, scriptOf(index));
    const name = nameOf(command);
    onEvent({ kind: "step", message: `Executing command ${index + 1} of ${script.commands.length}: ${name}` });
    const tail = new BoundedTail(keptOutputBytes);
    const spec = {
      argv,
      env: command.env,
      workingDirectory: command.working_dir,
      user: userOf(command),
      privileged: command.privileged,
    };
    const where = { path: formatPath(["commands", index]), ...opened.parsed.positionOf(["commands", index]) };
    let exitCode: number;
    try {
      exitCode = await engine.exec(
        containerId,
        spec,
        (stream, bytes) => {
          tail.append(bytes);
          onEvent({ kind: "output", stream, bytes });
        },
        signal,
      );
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "build/command-failed") throw error;
      throw new Problem(error.code, { message: `commands[${index}] (${name}): ${error.message}`, where, cause: error });
    }
    if (exitCode === 0) continue;
    throw new Problem("build/command-failed", {
      message: `commands[${index}] (${name}) ended with exit code ${exitCode}`,
      where,
      details: tail.lastLines(shownLines),
      ...(hints[exitCode] === undefined ? {} : { hint: hints[exitCode] }),
    });
  }
}

const hints: Record<number, string> = {
  126: "The program was found but cannot be executed; is its interpreter in the image?",
  127: "The program, or the interpreter in its first line, is not in the image.",
};

function argvOf(command: CommandPart, scriptPath: string | undefined): string[] {
  if (scriptPath !== undefined) return [scriptPath];
  const text = command.command ?? "";
  if (command.shell === true) return ["/bin/sh", "-c", text];
  if (typeof command.shell === "string") return [command.shell, "-c", text];
  return text.trim().split(/\s+/);
}

function userOf({ uid, gid, user }: CommandPart): string | undefined {
  if (uid !== undefined) return gid === undefined ? String(uid) : `${uid}:${gid}`;
  return user;
}

function nameOf(command: CommandPart): string {
  if (command.script_path !== undefined) return command.script_path;
  if (command.script_inline === undefined) return command.command?.trim().slice(0, 100) ?? "";
  const line = command.script_inline.split("\n").find(text => text.trim() !== "" && !text.startsWith("#"));
  return line === undefined ? "inline script" : `inline script: ${line.trim().slice(0, 80)}`;
}
