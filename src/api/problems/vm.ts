import type { ProblemTable } from "./spec.ts";

export const vmProblems = {} as const satisfies ProblemTable;
