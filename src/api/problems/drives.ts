import type { ProblemTable } from "./spec.ts";

export const drivesProblems = {} as const satisfies ProblemTable;
