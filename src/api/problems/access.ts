import type { ProblemTable } from "./spec.ts";

export const accessProblems = {} as const satisfies ProblemTable;
