import { Problem, type ProblemJson } from "../../../src/api/problems.ts";

/** A failure in words for people. The only place of the web UI that makes them. */
export interface Words {
  title: string;
  /** Absent when it would repeat the title. */
  message?: string;
  /** Machine, step, place in a document. */
  place?: string;
  hint?: string;
  /** Further lines, e.g. the last ones of a console. */
  lines: string[];
}

export function describeProblem(error: unknown): Words {
  const problem = asProblem(error);
  const { title } = problem.spec;
  const place = placeOf(problem);
  return {
    title,
    ...(problem.message === title ? {} : { message: problem.message }),
    ...(place === "" ? {} : { place }),
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    lines: problem.details.flatMap(lineOf).filter(line => line !== problem.message),
  };
}

/** What a refused start says about single init conditions, by key. */
export function conditionFaults(error: unknown): Record<string, string> {
  const faults: Record<string, string> = {};
  if (!(error instanceof Problem)) return faults;
  for (const detail of error.details) {
    if (!isFinding(detail) || detail.path === undefined) continue;
    const [, key] = /^initConditions\.(.+)$/s.exec(detail.path) ?? [];
    if (key !== undefined) faults[key] = detail.message;
  }
  return faults;
}

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (typeof error === "object" && error !== null && "code" in error && "error" in error) {
    return Problem.fromJSON(error as ProblemJson);
  }
  return new Problem("server/internal", {
    message: error instanceof Error ? error.message : String(error),
    hint: "Load the page again. If that does not help, please report it.",
  });
}

function placeOf({ where }: Problem): string {
  return [
    where?.machine === undefined ? "" : `machine ${where.machine}`,
    where?.step === undefined ? "" : `step "${where.step}"`,
    where?.path ?? "",
    where?.line === undefined ? "" : `line ${where.line}`,
  ]
    .filter(Boolean)
    .join(", ");
}

interface Finding {
  message: string;
  path?: string;
}

function isFinding(detail: unknown): detail is Finding {
  return typeof detail === "object" && detail !== null && "message" in detail && typeof detail.message === "string";
}

function lineOf(detail: unknown): string[] {
  if (typeof detail === "string") return [detail];
  if (isFinding(detail)) return [detail.path === undefined ? detail.message : `${detail.path}: ${detail.message}`];
  return [JSON.stringify(detail)];
}
