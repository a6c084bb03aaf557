import type { ProblemTable } from "./spec.ts";

export const manifestProblems = {} as const satisfies ProblemTable;
