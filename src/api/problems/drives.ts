import type { ProblemTable } from "./spec.ts";

export const drivesProblems = {
  "drive/base-changed": {
    owner: "operator",
    status: 409,
    title: "The drive was made from another image than the one at hand",
    hint: "Its data is intact, but only readable on the image it was made from. Start a new play, or bring that image back.",
  },
  "drive/no-space": {
    owner: "operator",
    status: 507,
    title: "There is not enough free disk space for the drives",
    hint: "Free space under the Labyard home directory, or stop and remove plays.",
  },
} as const satisfies ProblemTable;
