import type { ProblemTable } from "./spec.ts";

export const startProblems = {
  "start/condition-value": {
    owner: "user",
    status: 400,
    title: "The value of an init condition is not allowed",
    hint: "Give it with -i key=value.",
  },
  "start/field-without-effect": {
    owner: "author",
    status: 400,
    title: "A field is accepted but this release does not act upon it",
  },
} as const satisfies ProblemTable;
