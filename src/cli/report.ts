import { styleText } from "node:util";
import { CommanderError } from "commander";
import { Problem } from "../api/problems.ts";
import type { CliContext } from "./context.ts";
import { endImageProgress } from "./image-progress.ts";

/** Says on stderr what went wrong, where and what to do; returns the exit code. Never prints a stack trace by default. */
export function reportFailure(error: unknown, context: CliContext): number {
  endImageProgress(context);
  // Commander has printed its own message (usage errors, --help, --version).
  if (error instanceof CommanderError) return error.exitCode;
  if (context.signal.aborted && !(error instanceof Problem)) return 130;
  const problem = namedProblem(error);
  const write = (line: string) => context.stderr.write(`${line}\n`);
  const place = Object.entries(problem.where ?? {})
    .map(([key, value]) => `${key} ${value}`)
    .join(", ");
  write(`${paint(context, "red", `${context.programName}:`)} ${problem.message}${place === "" ? "" : ` (${place})`}`);
  for (const detail of problem.details.slice(-20)) {
    write(paint(context, "dim", `  ${typeof detail === "string" ? detail : JSON.stringify(detail)}`));
  }
  if (problem.hint !== undefined) write(problem.hint);
  if (problem.code === "server/internal" && context.env.LABYARD_DEBUG) context.stderr.write(`${cause(error)}\n`);
  return 1;
}

/** What happens inside a command is told to whoever runs it: there is no server's log to read. */
function namedProblem(error: unknown): Problem {
  const problem = Problem.from(error);
  if (problem === error || problem.code !== "server/internal") return problem;
  const said = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new Problem("server/internal", {
      message: said,
      hint: "Check who owns that place and whether it may be written. LABYARD_HOME names another directory for what Labyard keeps.",
      cause: error,
    });
  }
  return new Problem("server/internal", {
    message: `${problem.message}: ${said}`,
    hint: "Please report it, with what is printed when LABYARD_DEBUG=1 is set.",
    cause: error,
  });
}

function paint(context: CliContext, style: "red" | "dim", text: string): string {
  return styleText(style, text, { stream: context.stderr });
}

function cause(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
