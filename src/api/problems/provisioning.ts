import type { ProblemTable } from "./spec.ts";

export const provisioningProblems = {} as const satisfies ProblemTable;
