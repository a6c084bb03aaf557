import type { ProblemTable } from "./spec.ts";

export const networkProblems = {} as const satisfies ProblemTable;
