import type { ProblemTable } from "./spec.ts";

export const cliProblems = {} as const satisfies ProblemTable;
