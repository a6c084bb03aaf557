import type { ProblemTable } from "./spec.ts";

export const hostProblems = {
  "host/tool-missing": {
    owner: "operator",
    status: 500,
    title: "A program that Labyard needs is not installed",
    hint: "Run 'npm start' once with the right to install packages, or install the package named above.",
  },
  "host/command-failed": { owner: "operator", status: 500, title: "A host command failed" },
  "host/runtime-directory-unsafe": {
    owner: "operator",
    status: 500,
    title: "The directory of the sockets belongs to somebody else",
    hint: "Remove it, or set LABYARD_HOME to a shorter path so that the sockets lie below it.",
  },
  "host/disk-full": {
    owner: "operator",
    status: 507,
    title: "The disk is full",
    hint: "Free space under the Labyard home directory, then try again.",
  },
} as const satisfies ProblemTable;
