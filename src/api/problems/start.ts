import type { ProblemTable } from "./spec.ts";

export const startProblems = {} as const satisfies ProblemTable;
