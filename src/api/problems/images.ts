import type { ProblemTable } from "./spec.ts";

export const imagesProblems = {} as const satisfies ProblemTable;
