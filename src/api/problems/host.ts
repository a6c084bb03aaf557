import type { ProblemTable } from "./spec.ts";

export const hostProblems = {
  "host/tool-missing": {
    owner: "operator",
    status: 500,
    title: "A program that Labyard needs is not installed",
    hint: "Run 'npm start' once with the right to install packages, or install the package named above.",
  },
  "host/command-failed": { owner: "operator", status: 500, title: "A host command failed" },
  "host/disk-full": {
    owner: "operator",
    status: 507,
    title: "The disk is full",
    hint: "Free space under the Labyard home directory, then try again.",
  },
} as const satisfies ProblemTable;
